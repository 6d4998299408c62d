// Asks for the endpoints once a second and shows what changed. Text is only ever set as text: names are the operator's.
"use strict";

const everyMs = 1000, patienceMs = 4000, slowestMs = 5000, samples = 60, idleAfterS = 30, waitingForS = 3, fewest = 4;
const columns = {};
const endpoints = new Map();
let run = null, wait = everyMs, lastAnswer = 0, timer = 0, asking = null;

const byId = id => document.getElementById(id);
const setText = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const setClass = (node, name) => { if (node.className !== name) node.className = name; };

function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
}

// Three digits and a prefix of SI, so that a column keeps its width.
function si(value, unit) {
    const prefixes = ["", "k", "M", "G", "T"];
    let index = 0;
    while (value >= 999.5 && index < prefixes.length - 1) { value /= 1000; index++; }
    const digits = index === 0 ? (value > 0 && value < 9.95 ? 1 : 0) : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return `${value.toFixed(digits)}\u00a0${prefixes[index]}${unit}`.trim();
}

const rateText = bytes => si(bytes * 8, "bit/s");
const percentText = part => part === 0 ? "0\u00a0%" : part < 0.0995 ? `${(part * 100).toFixed(2)}\u00a0%` : `${(part * 100).toFixed(1)}\u00a0%`;

function timeText(seconds) {
    if (seconds < 60) return `${Math.floor(seconds)}\u00a0s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)}\u00a0min`;
    return seconds < 172800 ? `${Math.floor(seconds / 3600)}\u00a0h` : `${Math.floor(seconds / 86400)}\u00a0d`;
}

function sparkline(className) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", `line ${className}`);
    svg.setAttribute("viewBox", `0 -1 ${samples - 1} 22`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    const line = svg.appendChild(document.createElementNS(svg.namespaceURI, "polyline"));
    const values = [];
    return {
        svg,
        add(value) {
            values.push(value);
            if (values.length > samples) values.shift();
            const top = Math.max(...values) || 1, start = samples - values.length;
            line.setAttribute("points", values.map((each, index) => `${start + index},${(20 - (each / top) * 20).toFixed(1)}`).join(" "));
        },
    };
}

// The fluid that arbitration promises: guarantees first, what is left level by level by weights, limits kept.
function pour(owner, rest) {
    owner.expected = owner.first + rest;
    rest += owner.own;
    let open = owner.below;
    while (open.length > 0) {
        const weights = open.reduce((sum, child) => sum + child.weight, 0);
        const full = open.filter(child => child.most - child.first <= rest * child.weight / weights);
        for (const child of full.length > 0 ? full : open) {
            pour(child, full.length > 0 ? child.most - child.first : rest * child.weight / weights);
        }
        if (full.length === 0) return;
        rest -= full.reduce((sum, child) => sum + child.most - child.first, 0);
        open = open.filter(child => !full.includes(child));
    }
}

// What has been sent in a class, poured over those that sent; who has nothing waiting takes no more than it sent. Classes have strict
// priority and say nothing of each other's shares.
function expect(told, sent, isWaiting) {
    const shares = new Map();
    for (let priorityClass = 0; priorityClass < 4; priorityClass++) {
        const active = told.functions.filter(each => each.class === priorityClass && sent(each.name) > 0);
        const total = active.reduce((sum, each) => sum + sent(each.name), 0);
        const gather = (name, weight, limit, guarantee, below, own = below.reduce((sum, child) => sum + child.most, 0)) => {
            const most = Math.min(limit || Infinity, own);
            const first = below.reduce((sum, child) => sum + child.first, 0);
            const extra = Math.max(0, Math.min(guarantee, most) - first);
            return { name, weight, most, first: first + extra, own: extra, below };
        };
        const group = id => [
            ...active.filter(each => each.group === id).map(each => gather(each.name, each.weight, each.max_tx_rate, each.min_tx_rate, [], isWaiting(each.name) ? Infinity : sent(each.name))),
            ...told.groups.filter(each => each.parent === id).map(each => gather(`group ${each.id}`, each.weight, each.max_tx_rate, each.min_tx_rate, group(each.id)))
                .filter(each => each.below.length > 0),
        ];
        const root = gather("port", 1, 0, 0, group(0));
        if (root.first > total) continue;
        pour(root, Math.min(total, root.most) - root.first);
        const keep = owner => { shares.set(owner.name, (shares.get(owner.name) ?? 0) + owner.expected); owner.below.forEach(keep); };
        keep(root);
    }
    return shares;
}

const stateTexts = { running: "", absent: "no driver", starting: "driver starts", resetting: "resetting", needs_reset: "needs reset", failed: "driver gave up" };
const isBad = state => state === "needs_reset" || state === "failed";

function policyText(weight, most, least, group) {
    const parts = [group === undefined ? `weight ${weight}` : ""];
    if (most) parts.push(`at most ${rateText(most)}`);
    if (least) parts.push(`at least ${rateText(least)}`);
    return parts.filter(part => part).join(", ");
}

function makeRow(kind, depth) {
    const tr = element("tr", `${kind} depth${depth}`);
    const head = tr.appendChild(element("th"));
    head.scope = "row";
    const name = head.appendChild(element("span", "name"));
    const label = name.appendChild(element("span"));
    const state = name.appendChild(element("span", "state"));
    const policy = head.appendChild(element("span", "policy"));
    const sends = tr.appendChild(element("td", "number sends")).appendChild(element("div", "both"));
    const history = sparkline("out");
    sends.append(history.svg, element("span", "value"));
    const part = tr.appendChild(element("td", "share")).appendChild(element("div", "part"));
    const bar = part.appendChild(element("div", "bar"));
    const marks = ["fill", "mark least", "mark most", "mark expected"].map(each => bar.appendChild(element("span", each)));
    const percent = part.appendChild(element("span", "number"));
    const cells = ["number", "number wide", "number wide", "number drops", "number interrupts"].map(each => tr.appendChild(element("td", each)));
    return { tr, label, state, policy, history, value: sends.lastChild, marks, percent, cells };
}

function place(mark, part) {
    mark.hidden = !(part > 0 && part <= 1.0001);
    if (!mark.hidden) mark.style.left = `${(part * 100).toFixed(2)}%`;
}

function fillRow(row, told, figures, total, expected) {
    setText(row.label, told.label);
    setText(row.policy, told.policy);
    row.policy.title = told.title ?? "";
    const state = told.state ?? "running";
    row.state.hidden = told.state === undefined;
    setClass(row.state, `state ${state === "running" ? "running" : isBad(state) ? "bad" : ""}`);
    row.state.title = state;
    setText(row.state, stateTexts[state] ?? state);
    row.history.add(figures.sends);
    setText(row.value, rateText(figures.sends));
    const share = total > 0 ? figures.sends / total : 0;
    row.marks[0].style.width = `${(Math.min(1, share) * 100).toFixed(2)}%`;
    place(row.marks[1], total > 0 ? told.least / total : 0);
    place(row.marks[2], total > 0 ? told.most / total : 0);
    place(row.marks[3], told.isPort || expected === undefined ? 0 : expected / total);
    setText(row.percent, percentText(share));
    row.percent.title = expected === undefined || total === 0 ? "" : `${percentText(expected / total)} by weight`;
    const texts = [rateText(figures.receives), si(figures.framesOut, "/s"), si(figures.framesIn, "/s"), si(figures.drops, "/s"), si(figures.interrupts, "/s")];
    texts.forEach((text, index) => setText(row.cells[index], text));
    setClass(row.cells[3], `number drops ${figures.drops > 0 ? "some" : ""}`);
    row.tr.classList.toggle("still", figures.sends + figures.receives === 0);
}

function makeFold(depth, toggle) {
    const tr = element("tr", `fold depth${depth}`);
    const head = tr.appendChild(element("th"));
    head.scope = "row";
    head.colSpan = 8;
    const button = head.appendChild(element("button"));
    button.type = "button";
    button.addEventListener("click", toggle);
    const names = head.appendChild(element("span"));
    return { tr, button, names };
}

class Endpoint {
    constructor(told) {
        this.section = byId("endpoint").content.cloneNode(true).firstElementChild;
        this.section.id = `endpoint-${told.number}`;
        this.find = selector => this.section.querySelector(selector);
        const title = this.find("h2");
        title.id = `title-${told.number}`;
        this.section.setAttribute("aria-labelledby", title.id);
        this.find(".scroll").setAttribute("aria-label", `Functions of endpoint ${told.number}`);
        this.find(".scroll").setAttribute("role", "region");
        setText(title, `Endpoint ${told.number}`);
        this.rows = new Map();
        this.folds = new Map();
        this.open = new Set();
        this.before = null;
        this.busy = new Map();
        this.waiting = new Map();
        this.order = "";
        const tiles = this.find(".tiles");
        this.tiles = [["Functions send", "out"], ["Functions receive", "in"], ["To the wire", "out"], ["From the wire", "in"], ["Dropped", "bad"], ["Interrupts", "plain"]].map(([label, className]) => {
            const tile = tiles.appendChild(element("div"));
            tile.append(element("dt", "", label), element("dd", "value"), element("dd", "note"));
            const history = sparkline(className);
            tile.append(history.svg);
            return { value: tile.children[1], note: tile.children[2], history };
        });
        const causes = this.find(".causes tbody");
        this.causes = columns.causes.map(cause => {
            const tr = causes.appendChild(element("tr"));
            tr.append(element("th", "", cause.text), element("td"), element("td", "number"), element("td", "number"));
            tr.firstChild.scope = "row";
            return { ...cause, tr };
        });
    }

    // Per second since the last look, by the endpoint's own clock.
    figures(now, before, seconds) {
        const per = (name, counts = now.counts, earlier = before?.counts) =>
            earlier && seconds > 0 ? Math.max(0, counts[columns.of[name]] - earlier[columns.of[name]]) / seconds : 0;
        const drops = columns.causes.reduce((sum, cause) => sum + per(cause.name), 0);
        return {
            sends: before && seconds > 0 ? Math.max(0, now.line - before.line) / seconds : 0,
            receives: per("rx_bytes") + 24 * per("rx_frames"),
            framesOut: per("tx_frames"), framesIn: per("rx_frames"), drops, interrupts: per("interrupts"),
        };
    }

    show(told) {
        const before = this.before, seconds = before ? (told.time_us - before.told.time_us) / 1e6 : 0;
        if (before && seconds === 0) return;
        const figures = new Map();
        for (const each of told.functions) {
            const found = this.figures(each, before?.functions.get(each.name), seconds);
            figures.set(each.name, found);
            if (found.sends + found.receives + found.drops > 0) this.busy.set(each.name, told.time_us);
            if (each.has_work) this.waiting.set(each.name, told.time_us);
        }

        this.before = { told, functions: new Map(told.functions.map(each => [each.name, each])) };
        this.showHead(told);
        this.showTree(told, figures);
        this.showTiles(told, figures, before?.told, seconds);
        this.showCauses(told, before, seconds);
        this.showEvents(told);
    }

    showHead(told) {
        const badge = this.find(".badge"), vfs = told.functions.filter(each => each.vf).length;
        setClass(badge, `badge ${told.health.state}`);
        setText(badge, told.health.state);
        const most = told.port.max_tx_rate ? `, at most ${rateText(told.port.max_tx_rate)}` : "";
        setText(this.find(".where"), `${told.attachment}, wire ${told.wire} (${told.port.is_up ? "up" : "down"}, ${rateText(told.port.speed)}${most}), ${vfs} of ${told.total_vfs} VFs enabled, up ${timeText(told.time_us / 1e6)}`);
        const reasons = this.find(".reasons"), texts = told.health.reasons.map(each => `${each.function ? `${each.function}: ` : ""}${each.text}`);
        reasons.hidden = texts.length === 0;
        if (reasons.textContent !== texts.join("")) reasons.replaceChildren(...texts.map(text => element("li", "", text)));
    }

    // Every function and group in its place; VFs that have been still for a while are folded where they are many.
    layout(told) {
        const lines = [], isStill = each => each.vf && !isBad(each.state) && !(told.time_us - this.busy.get(each.name) < idleAfterS * 1e6);
        const inside = (id, depth) => {
            const names = [];
            for (const group of told.groups.filter(each => each.parent === id)) {
                const line = { key: `group ${group.id}`, kind: "group", depth, group };
                lines.push(line);
                line.names = inside(group.id, depth + 1);
                names.push(...line.names);
            }
            const own = told.functions.filter(each => each.group === id), still = own.filter(isStill), folds = still.length > fewest && own.length > 2 * fewest;
            for (const each of own) {
                names.push(each.name);
                if (!folds || !isStill(each)) lines.push({ key: each.name, kind: "function", depth, each, names: [each.name] });
            }
            if (folds) {
                lines.push({ key: `fold ${id}`, kind: "fold", id, depth, still });
                if (this.open.has(id)) still.forEach(each => lines.push({ key: each.name, kind: "function", depth, each, names: [each.name] }));
            }
            return names;
        };
        const port = { key: "port", kind: "port", depth: 0 };
        lines.push(port);
        port.names = inside(0, 1);
        return lines;
    }

    showTree(told, figures) {
        const sum = names => names.reduce((total, name) => {
            for (const [key, value] of Object.entries(figures.get(name))) total[key] += value;
            return total;
        }, { sends: 0, receives: 0, framesOut: 0, framesIn: 0, drops: 0, interrupts: 0 });
        const lines = this.layout(told), shares = expect(told, name => figures.get(name).sends, name => told.time_us - this.waiting.get(name) < waitingForS * 1e6);
        const total = sum(lines[0].names).sends;
        const trs = [];
        for (const line of lines) {
            if (line.kind === "fold") {
                trs.push(this.showFold(told, line).tr);
                continue;
            }
            const key = `${line.key}/${line.depth}`;
            if (!this.rows.has(key)) this.rows.set(key, makeRow(line.kind, line.depth));
            const row = this.rows.get(key);
            trs.push(row.tr);
            const own = line.each ?? line.group ?? { weight: 1, max_tx_rate: told.port.max_tx_rate, min_tx_rate: 0 };
            fillRow(row, {
                label: line.group ? `group ${line.group.name}` : line.key,
                state: line.each?.state,
                isPort: line.kind === "port",
                policy: line.kind === "port" ? policyText(0, own.max_tx_rate, 0, 0) || "no limit" : policyText(own.weight, own.max_tx_rate, own.min_tx_rate),
                title: line.each ? `${line.each.mac}, priority ${line.each.priority}` : "",
                most: own.max_tx_rate, least: own.min_tx_rate,
            }, sum(line.names), total, line.names.length > 0 ? shares.get(line.key) : undefined);
        }

        const order = lines.map(line => `${line.key}/${line.depth}`).join();
        if (order !== this.order) {
            this.order = order;
            const focused = document.activeElement;
            this.find(".tree tbody").replaceChildren(...trs);
            if (this.section.contains(focused)) focused.focus({ preventScroll: true });
            const known = new Set(lines.map(line => `${line.key}/${line.depth}`));
            for (const key of this.rows.keys()) if (!known.has(key)) this.rows.delete(key);
        }
        this.find(".tree .none").hidden = told.functions.some(each => each.vf);
    }

    showFold(told, line) {
        if (!this.folds.has(line.id)) {
            this.folds.set(line.id, makeFold(line.depth, () => {
                if (!this.open.delete(line.id)) this.open.add(line.id);
                this.showTree(this.before.told, this.lastFigures());
            }));
        }
        const fold = this.folds.get(line.id), isOpen = this.open.has(line.id);
        setText(fold.button, `${line.still.length} still VFs`);
        fold.button.setAttribute("aria-expanded", String(isOpen));
        setText(fold.names, isOpen ? "" : `${line.still[0].name} … ${line.still.at(-1).name}`);
        return fold;
    }

    lastFigures() {
        return this.figuresShown ?? new Map(this.before.told.functions.map(each => [each.name, this.figures(each, null, 0)]));
    }

    showTiles(told, figures, before, seconds) {
        this.figuresShown = figures;
        let sends = 0, receives = 0, drops = 0, interrupts = 0, out = 0, into = 0;
        for (const each of figures.values()) {
            sends += each.sends; receives += each.receives; drops += each.drops; interrupts += each.interrupts; out += each.framesOut; into += each.framesIn;
        }
        const wire = name => before && seconds > 0 ? Math.max(0, told.port.counts[columns.of[name]] - before.port.counts[columns.of[name]]) / seconds : 0;
        drops += columns.causes.reduce((sum, cause) => sum + wire(cause.name), 0);
        const dropped = [told.port, ...told.functions].reduce((sum, each) => sum + columns.causes.reduce((all, cause) => all + each.counts[columns.of[cause.name]], 0), 0);
        const deferred = told.functions.reduce((sum, each) => sum + each.counts[columns.of.interrupts_deferred], 0);
        const values = [
            [sends, rateText(sends), `${si(out, "frames/s")}`],
            [receives, rateText(receives), `${si(into, "frames/s")}`],
            // The port's transmit side is what goes out to the wire.
            [wire("rx_bytes"), rateText(wire("rx_bytes") + 24 * wire("rx_frames")), si(wire("rx_frames"), "frames/s")],
            [wire("tx_bytes"), rateText(wire("tx_bytes") + 24 * wire("tx_frames")), si(wire("tx_frames"), "frames/s")],
            [drops, si(drops, "/s"), `${si(dropped, "")} in all`],
            [interrupts, si(interrupts, "/s"), `${si(deferred, "")} joined others`],
        ];
        values.forEach(([value, text, note], index) => {
            const tile = this.tiles[index];
            setText(tile.value, text);
            setText(tile.note, note);
            tile.history.add(value);
        });
    }

    showCauses(told, before, seconds) {
        for (const cause of this.causes) {
            const at = columns.of[cause.name];
            let total = told.port.counts[at], now = total - (before?.told.port.counts[at] ?? total), most = now, worst = now > 0 ? "wire" : "";
            for (const each of told.functions) {
                const more = each.counts[at] - (before?.functions.get(each.name)?.counts[at] ?? each.counts[at]);
                total += each.counts[at];
                now += more;
                if (more > most) { most = more; worst = each.name; }
            }
            const [, of, rate, all] = cause.tr.children;
            if (worst) setText(of, worst);
            setText(rate, si(seconds > 0 ? Math.max(0, now) / seconds : 0, "/s"));
            setClass(rate, `number ${now > 0 ? "some" : "zero"}`);
            setText(all, si(total, ""));
            setClass(all, `number ${total > 0 ? "" : "zero"}`);
        }
    }

    showEvents(told) {
        const body = this.find(".events tbody"), key = told.events.map(each => each.number).join();
        this.find(".events + .none").hidden = told.events.length > 0;
        if (this.eventsKey !== key) {
            this.eventsKey = key;
            body.replaceChildren(...told.events.map(each => {
                const tr = element("tr");
                tr.append(element("td"), element("td", "", each.function), element("td", "", each.text));
                return tr;
            }));
        }
        told.events.forEach((each, index) => setText(body.children[index].firstChild, timeText((told.time_us - each.time_us) / 1e6)));
    }
}

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
