import { CborWriter, cidOf, links } from "@copse/ipld";
import { bench } from "@copse/testkit/bench";
import { BlockRegistry } from "../src/block-registry.ts";
import { priceList } from "../src/gas/price-list.ts";
import { onBlockRead } from "../src/gas/prices.ts";
import { GasTracker } from "../src/gas/tracker.ts";
import { scanLinks } from "../src/link-scan.ts";
import { StateAccessTracker } from "../src/state-access.ts";

// What a host call charges: 1000 each, so that the harness's own part is small. `bigint` beside it is the same sum in
// 64-bit integers, as the reference counts.
const prices = priceList(25);
const rounds = 1000;

class BigTracker {
  left: bigint;
  constructor(limit: bigint) {
    this.left = limit;
  }
  charge(_name: string, milligas: bigint): void {
    const left = this.left - milligas;
    if (left < 0n) throw new Error("out of gas");
    this.left = left;
  }
}

await bench("vm/gas charge 1000", {
  given: () => ({ gas: new GasTracker(10n ** 10n), big: new BigTracker(10n ** 13n) }),
  run: () => {
    const gas = new GasTracker(10n ** 10n);
    for (let i = 0; i < rounds; i++) gas.charge("OnBlockRead", onBlockRead(prices, i));
  },
  beside: {
    bigint: ({ big }) => {
      big.left = 10n ** 13n;
      for (let i = 0; i < rounds; i++) big.charge("OnBlockRead", BigInt(onBlockRead(prices, i)));
    },
  },
});
await bench("vm/gas charge 1000 of an implicit message", {
  given: () => 0,
  run: () => {
    const gas = new GasTracker(2n ** 62n);
    for (let i = 0; i < rounds; i++) gas.charge("OnBlockRead", onBlockRead(prices, i));
  },
});
await bench("vm/gas charge 1000 traced", {
  given: () => 0,
  run: () => {
    const gas = new GasTracker(10n ** 10n, { trace: true });
    for (let i = 0; i < rounds; i++) gas.charge("OnBlockRead", onBlockRead(prices, i));
  },
});
await bench("vm/gas sync with a gas global 1000", {
  given: () => new WebAssembly.Global({ value: "i64", mutable: true }, 0n),
  run: (global) => {
    const gas = new GasTracker(10n ** 10n);
    for (let i = 0; i < rounds; i++) {
      const before = gas.available;
      global.value = before;
      gas.chargeLarge("wasm_exec", before - (global.value - 4000n));
    }
  },
});
await bench("vm/gas state access 1000 known", {
  given: () => 0,
  run: () => {
    const access = new StateAccessTracker(prices, new GasTracker(10n ** 10n));
    for (let i = 0; i < rounds; i++) access.update(1n);
  },
});

const cids = Array.from({ length: 20 }, (_, i) => cidOf(Uint8Array.of(i)));
const node = new CborWriter().array(2).bytes(new Uint8Array(32)).array(cids.length);
for (const cid of cids) node.link(cid);
const block = node.finish();
await bench("vm/scanLinks 20-links", {
  given: () => block,
  run: (bytes) => void scanLinks(prices, new GasTracker(10n ** 10n), 0x71, bytes),
  beside: { "ipld links, without gas": (bytes) => void links(bytes) },
});
await bench("vm/block registry 20-links open and make", {
  given: () => ({ codec: 0x71, data: block, links: scanLinks(prices, new GasTracker(10n ** 10n), 0x71, block) }),
  run: (opened) => {
    const blocks = new BlockRegistry(4);
    blocks.putReachable(opened);
    blocks.putCreated(opened);
  },
});
