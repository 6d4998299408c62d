// One endpoint on the page: what it told last, and what that changes. Knows not where it comes from.
"use strict";

const idleAfterS = 30, fewest = 4;

// Places of the counters in their rows, and the causes of drops; told by the emulator.
const columns = {};

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
            this.waiting.set(each.name, [each.has_work, ...this.waiting.get(each.name) ?? []].slice(0, 3));
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

    // One look may fall into a moment: who waits does so most of the time.
    isWaiting(name) {
        return this.waiting.get(name).filter(each => each).length >= 2;
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
        const lines = this.layout(told), shares = expect(told, name => figures.get(name).sends, name => this.isWaiting(name));
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
                policy: line.kind === "port" ? policyText(0, own.max_tx_rate, 0, 0) || "no limit" : [policyText(own.weight, own.max_tx_rate, own.min_tx_rate), ...line.each ? networkTexts(line.each) : []].join(", "),
                title: line.each ? `${line.each.mac}, priority ${line.each.priority}, spoof check ${line.each.spoofchk ? "on" : "off"}` : "",
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
            [sends, rateText(sends), `${si(out, "")} frames/s`],
            [receives, rateText(receives), `${si(into, "")} frames/s`],
            // The port's transmit side is what goes out to the wire.
            [wire("rx_bytes"), rateText(wire("rx_bytes") + 24 * wire("rx_frames")), `${si(wire("rx_frames"), "")} frames/s`],
            [wire("tx_bytes"), rateText(wire("tx_bytes") + 24 * wire("tx_frames")), `${si(wire("tx_frames"), "")} frames/s`],
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
        const body = this.find(".events tbody"), key = told.events.map(each => `${each.number}:${each.times}`).join();
        this.find(".events + .none").hidden = told.events.length > 0;
        if (this.eventsKey !== key) {
            this.eventsKey = key;
            body.replaceChildren(...told.events.map(each => {
                const tr = element("tr");
                tr.append(element("td"), element("td", "", each.function), element("td", "", each.text));
                tr.append(element("td", "number", each.times > 1 ? `${si(each.times, "")} times` : ""));
                return tr;
            }));
        }
        told.events.forEach((each, index) => setText(body.children[index].firstChild, timeText((told.time_us - each.time_us) / 1e6)));
    }
}
