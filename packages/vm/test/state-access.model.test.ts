import { seeded } from "@copse/testkit";
import { Address } from "@copse/types";
import { describe, expect, it } from "vitest";
import { priceList } from "../src/gas/price-list.ts";
import { GasTracker } from "../src/gas/tracker.ts";
import { StateAccessTracker } from "../src/state-access.ts";

const prices = priceList(21);
const addresses = Array.from({ length: 6 }, (_, i) => Address.actor(Uint8Array.of(i)));

/** Plain maps, copied whole at every transaction. */
interface Marks {
  readonly actors: Map<bigint, number>;
  readonly addresses: Set<string>;
}
const copy = ({ actors, addresses }: Marks): Marks => ({ actors: new Map(actors), addresses: new Set(addresses) });

describe("StateAccessTracker", () => {
  it("charges as maps do that are copied", () => {
    const random = seeded(3);
    const pick = (limit: number): number => Math.floor(random() * limit);
    for (let history = 0; history < 300; history++) {
      const gas = new GasTracker(10n ** 10n);
      const access = new StateAccessTracker(prices, gas);
      let marks: Marks = { actors: new Map(prices.preloadedActors.map((id) => [id, 2])), addresses: new Set() };
      const outer: Marks[] = [];
      let owed = 0;
      for (let step = 0; step < 60; step++) {
        const id = BigInt(98 + pick(6));
        const had = marks.actors.get(id) ?? 0;
        const address = addresses[pick(addresses.length)] as Address;
        switch (pick(6)) {
          case 0:
            outer.push(copy(marks));
            access.beginTransaction();
            break;
          case 1: {
            const before = outer.pop();
            if (before === undefined) break;
            const revert = pick(2) === 0;
            if (revert) marks = before;
            access.endTransaction(revert);
            break;
          }
          case 2:
            access.recordResolved(address);
            marks.addresses.add(Address.key(address));
            break;
          case 3:
            access.update(id);
            if (had < 1) owed += prices.actorLookup;
            if (had < 2) owed += prices.actorUpdate;
            marks.actors.set(id, 2);
            break;
          default:
            access.read(id);
            if (had < 1) owed += prices.actorLookup;
            if (had < 1) marks.actors.set(id, 1);
        }
        const known = addresses.map((a) => access.isResolved(a));
        if (gas.used !== BigInt(owed)) expect.fail(`step ${step} of history ${history}: ${gas.used}, not ${owed}`);
        expect(known).toEqual(addresses.map((a) => marks.addresses.has(Address.key(a))));
      }
    }
  });
});
