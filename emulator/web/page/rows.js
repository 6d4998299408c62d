// Text of numbers, and rows of the tree. Text is only ever set as text: names are the operator's. Knows no endpoint.
"use strict";

const samples = 60;

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
    const digits = index === 0 ? (Number.isInteger(value) || value >= 9.95 ? 0 : 1) : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
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

const stateTexts = { running: "running", absent: "no driver", starting: "driver starts", resetting: "resetting", needs_reset: "needs reset", failed: "driver gave up" };
const isBad = state => state === "needs_reset" || state === "failed";

function policyText(weight, most, least, group) {
    const parts = [group === undefined ? `weight ${weight}` : ""];
    if (most) parts.push(`at most ${rateText(most)}`);
    if (least) parts.push(`at least ${rateText(least)}`);
    return parts.filter(part => part).join(", ");
}

// What differs from what a VF has at the start.
function networkTexts(told) {
    return [
        told.vlan ? `VLAN ${told.vlan}${told.proto === "802.1ad" ? " (802.1ad)" : ""}` : "",
        told.vf && told.trust ? "trusted" : "",
        told.vf && !told.spoofchk ? "no spoof check" : "",
        told.link === "auto" ? "" : `link ${told.link}d`,
    ].filter(text => text);
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
    setText(row.state, told.state === undefined ? "" : stateTexts[state] ?? state);
    row.history.add(figures.sends);
    setText(row.value, rateText(figures.sends));
    const share = total > 0 ? figures.sends / total : 0;
    row.marks[0].style.width = `${(Math.min(1, share) * 100).toFixed(2)}%`;
    place(row.marks[1], total > 0 ? told.least / total : 0);
    place(row.marks[2], total > 0 ? told.most / total : 0);
    place(row.marks[3], told.isPort || expected === undefined ? 0 : expected / total);
    setText(row.percent, percentText(share));
    row.percent.title = expected === undefined || total === 0 ? "" : `${percentText(expected / total)} by weight`;
    const values = [figures.receives, figures.framesOut, figures.framesIn, figures.drops, figures.interrupts];
    values.forEach((value, index) => {
        setText(row.cells[index], index === 0 ? rateText(value) : si(value, "/s"));
        row.cells[index].classList.toggle("zero", value === 0);
    });
    row.cells[3].classList.toggle("some", figures.drops > 0);
    row.tr.classList.toggle("still", figures.sends + figures.receives === 0);
}

function makeFold(depth, toggle) {
    const tr = element("tr", `fold depth${depth}`);
    const head = tr.appendChild(element("th"));
    head.scope = "row";
    head.colSpan = 6;
    tr.append(element("td", "wide"), element("td", "wide"));
    const button = head.appendChild(element("button"));
    button.type = "button";
    button.addEventListener("click", toggle);
    const names = head.appendChild(element("span"));
    return { tr, button, names };
}
