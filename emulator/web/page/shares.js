// What weights, limits and guarantees give each of those that send. Knows nothing of the page.
"use strict";

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
