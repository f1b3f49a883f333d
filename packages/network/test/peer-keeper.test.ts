import { expect, it } from "vitest";
import type { ConnectedPeer, HostEvent } from "../src/host-options.ts";
import { PeerBook } from "../src/peer-book.ts";
import { type KeeperNeeds, keepPeers, type PeerKeeper } from "../src/peer-keeper.ts";
import { exchangeProtocol } from "../src/protocols.ts";

const id = (n: number): string => `12D3KooWPeer${n}`;
const at = (n: number): string =>
  `/ip4/192.0.2.${n}/tcp/1/p2p/12D3KooWBF8cpp65hp2u9LK5mh19x67ftAam84z9LsfaquTDSB${String.fromCharCode(97 + n)}t`;
const peerAt = (n: number): string => at(n).slice(at(n).lastIndexOf("/") + 1);

/** A host of pure data: answers dials to the addresses in `alive`. */
class FakeHost {
  readonly peer = id(0);
  readonly alive = new Set<string>();
  readonly dialled: string[] = [];
  readonly dropped: string[] = [];
  readonly trusted: string[] = [];
  found: { peer: string; addresses: string[] }[] = [];
  #connected = new Map<string, ConnectedPeer>();
  #listeners = new Set<(event: HostEvent) => void>();

  peers(): readonly ConnectedPeer[] {
    return [...this.#connected.values()];
  }
  async dial(address: string): Promise<string> {
    this.dialled.push(address);
    if (!this.alive.has(address)) throw new Error("nobody there");
    const peer = address.slice(address.lastIndexOf("/") + 1);
    this.join(peer);
    return peer;
  }
  join(peer: string): void {
    const about = {
      peer,
      agent: "",
      protocols: new Set([exchangeProtocol]),
      address: "",
      direction: "outbound" as const,
    };
    this.#connected.set(peer, about);
    for (const listener of this.#listeners) listener({ type: "joined", peer: about });
  }
  trust(peer: string): void {
    this.trusted.push(peer);
  }
  leave(peer: string): void {
    this.#connected.delete(peer);
    for (const listener of this.#listeners) listener({ type: "left", peer });
  }
  async disconnect(peer: string): Promise<void> {
    this.dropped.push(peer);
    this.leave(peer);
  }
  async *discover(): AsyncGenerator<{ peer: string; addresses: string[] }> {
    yield* this.found;
  }
  on(listener: (event: HostEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

async function keeping(
  needs: Partial<KeeperNeeds>,
  run: (world: { host: FakeHost; book: PeerBook; keeper: PeerKeeper; clock: { time: number } }) => Promise<void>,
  alive: readonly string[] = [],
): Promise<void> {
  const host = new FakeHost();
  for (const address of alive) host.alive.add(address);
  const clock = { time: 0, now: () => clock.time, unixNanoseconds: () => 0n, after: () => () => {} };
  const book = new PeerBook({ now: clock.now });
  const keeper = keepPeers({ host, book, clock, ...needs }, { low: 2, high: 3 });
  await keeper.look();
  await run({ host, book, keeper, clock });
}

it("dials bootstrap, protects it, and tells the book who is there", async () => {
  await keeping(
    { bootstrap: [at(1), at(2)] },
    async ({ host, book }) => {
      expect(host.dialled).toEqual([at(1), at(2)]);
      expect(book.pick(9)).toEqual([peerAt(1)]);
      expect(book.standing(peerAt(2))?.protected).toBe(true);
      expect(host.trusted).toEqual([peerAt(1), peerAt(2), peerAt(1), peerAt(2)]);
      host.leave(peerAt(1));
      expect(book.pick(9)).toEqual([]);
    },
    [at(1)],
  );
});

it("tries bootstrap again later, less often the more it fails, never later than a minute while alone", async () => {
  await keeping({ bootstrap: [at(1)] }, async ({ host, keeper, clock }) => {
    const tries: number[] = [];
    for (; clock.time < 200_000; clock.time += 1_000) {
      const before = host.dialled.length;
      await keeper.look();
      if (host.dialled.length > before) tries.push(clock.time / 1_000);
    }
    expect(tries).toEqual([10, 30, 70, 130, 190]);
  });
});

it("redials whom it must keep as soon as they are lost", async () => {
  await keeping(
    { always: [at(1)] },
    async ({ host, keeper, clock }) => {
      host.leave(peerAt(1));
      await keeper.look();
      expect(host.dialled).toHaveLength(1);
      clock.time = 5_000;
      await keeper.look();
      expect(host.dialled).toHaveLength(2);
      expect(host.peers()).toHaveLength(1);
    },
    [at(1)],
  );
});

it("fills up with peers that Kademlia names, not above the target, none that is barred", async () => {
  await keeping({}, async ({ host, book, keeper, clock }) => {
    host.found = [1, 2, 3, 4, 5].map((n) => ({ peer: peerAt(n), addresses: [at(n)] }));
    for (const { addresses } of host.found) host.alive.add(addresses[0] ?? "");
    book.ban(peerAt(1), "lie", "", 1e9);
    clock.time = 30_000;
    await keeper.look();
    expect(host.peers().map(({ peer }) => peer)).toEqual([peerAt(2), peerAt(3), peerAt(4)]);
  });
});

it("disconnects a barred peer that comes back", async () => {
  await keeping({}, async ({ host, book }) => {
    book.ban(id(7), "lie", "", 1e9);
    host.join(id(7));
    expect(host.dropped).toEqual([id(7)]);
  });
});
