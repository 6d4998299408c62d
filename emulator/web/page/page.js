// Asks for the endpoints once a second, and says when nobody answers. Knows no counter.
"use strict";

const everyMs = 1000, patienceMs = 4000, slowestMs = 5000;
const endpoints = new Map();
let run = null, wait = everyMs, lastAnswer = 0, timer = 0, asking = null;

const byId = id => document.getElementById(id);

function show(told) {
    if (told.run !== run) {
        // Another emulator, or the first one: nothing that was seen before belongs to it.
        run = told.run;
        columns.of = Object.fromEntries(told.columns.map((name, index) => [name, index]));
        columns.causes = told.causes;
        endpoints.clear();
        byId("endpoints").replaceChildren();
        const links = told.endpoints.map(each => {
            const link = element("a", "", `Endpoint ${each.number}`);
            link.href = `#endpoint-${each.number}`;
            return link;
        });
        byId("jump").replaceChildren(...links);
        byId("jump").hidden = links.length < 2;
    }
    for (const each of told.endpoints) {
        if (!endpoints.has(each.number)) {
            endpoints.set(each.number, new Endpoint(each));
            byId("endpoints").append(endpoints.get(each.number).section);
        }
        endpoints.get(each.number).show(each);
    }
}

function say(state, text) {
    setClass(document.body, state);
    setText(byId("link"), text);
}

async function ask() {
    asking = new AbortController();
    const limit = setTimeout(() => asking.abort(), patienceMs);
    try {
        const answer = await fetch("endpoints.json", { signal: asking.signal, cache: "no-store" });
        if (!answer.ok) throw new Error(answer.status === 503 ? "The endpoints do not answer" : "This is no emulator any more");
        show(await answer.json());
        lastAnswer = Date.now();
        wait = everyMs;
        say("live", "Live");
        setText(byId("age"), "");
    } catch (lost) {
        const reason = lost instanceof TypeError || lost.name === "AbortError" ? "The emulator is gone" : lost.message;
        say("lost", `${reason}; trying again`);
        setText(byId("age"), lastAnswer ? `(last heard ${timeText((Date.now() - lastAnswer) / 1000)} ago)` : "");
        wait = Math.min(slowestMs, wait * 1.5);
    } finally {
        clearTimeout(limit);
        asking = null;
    }
    timer = setTimeout(next, wait);
}

// A page that nobody sees asks for nothing.
function next() {
    timer = 0;
    if (!document.hidden) ask();
}

document.addEventListener("visibilitychange", () => { if (!document.hidden && !timer && !asking) ask(); });
ask();
