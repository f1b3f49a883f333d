// Peers that keep silent, promise, are slow or lack what is wanted, and one that has it. No time passes but the clock's.
import { cidOf } from "@copse/ipld";
import { describe, expect, it } from "vitest";
import { Answerers, mannersMs, maxAnswerers } from "../src/answerers.ts";
import { emptyMessage, prefixOf } from "../src/bitswap-codec.ts";
import { bitswapProtocols } from "../src/protocols.ts";
import { block, honest, lacking, promising, silent, World } from "./bitswap-world.ts";

const blocks = Array.from({ length: 40 }, (_, n) => block(n));
const [one, two, three] = blocks as [Uint8Array, Uint8Array, Uint8Array];
const first = cidOf(one);

describe("one peer that has the blocks, behind others", () => {
  const crowds = [
    ["9 silent ones", 9, silent, 500],
    ["30 silent ones", 30, silent, 1_500],
    ["150 silent ones", 150, silent, 2_500],
    ["9 that promise and keep silent", 9, promising, 2_000],
    ["30 that promise and keep silent", 30, promising, 2_500],
    ["30 that lack them", 30, lacking, 0],
  ] as const;
  it.each(crowds)("%s: the first comes soon, and those after it at once", async (_, count, manner, withinMs) => {
    const world = new World();
    const bitswap = await world.bitswap();
    const peers = [...world.join("other", count, manner), ...world.join("honest", 1, honest(...blocks))];
    const getting = bitswap.session(peers).get(first);
    expect(await world.until(getting)).toBeLessThanOrEqual(withinMs);
    expect(await getting).toEqual(one);

    await world.pass(1);
    world.asked.length = 0;
    for (const bytes of blocks.slice(1)) {
      const next = bitswap.session(peers).get(cidOf(bytes)); // another session, and another CID
      expect(await world.until(next)).toBe(0);
      expect(await next).toEqual(bytes);
    }
    expect(world.asked).toEqual(
      blocks.slice(1).map(() => expect.objectContaining({ peer: "honest", for: "block", at: world.now })),
    );
  });

  it("is asked for the block by one message where it gave lately, and by words among others before", async () => {
    const world = new World();
    const bitswap = await world.bitswap();
    const peers = [...world.join("silent", 2, silent), ...world.join("honest", 1, honest(one))];
    await world.until(bitswap.get(first, peers));
    expect(world.asked).toEqual([
      { peer: "silent 0", at: 1, for: "block" },
      { peer: "silent 1", at: 1, for: "word" },
      { peer: "honest", at: 1, for: "word" },
      { peer: "honest", at: 1, for: "block" },
      { peer: "silent 0", at: 1, for: "cancel" },
      { peer: "silent 1", at: 1, for: "cancel" },
    ]);
  });

  it("keeps its place before one that pushes the blocks it is asked for", async () => {
    const world = new World();
    const bitswap = await world.bitswap();
    const peers = [...world.join("honest", 1, honest(one, two, three)), ...world.join("pushing", 1, silent)];
    const session = bitswap.session(peers);
    await world.until(session.get(first));
    world.delays.set("honest", 100);
    const pushed = session.get(cidOf(two));
    world.say("pushing", { ...emptyMessage, blocks: [{ prefix: prefixOf(first), data: two }] });
    expect(await world.until(pushed)).toBe(0);
    expect(await pushed).toEqual(two);
    expect(session.peers).toEqual(peers);
    expect(bitswap.session(peers.toReversed()).peers).toEqual(peers);
    expect(await world.until(session.get(cidOf(three)))).toBe(100);
  });

  it("that speaks an older protocol is asked for the block where others are asked for a word", async () => {
    const world = new World(bitswapProtocols[1]);
    const bitswap = await world.bitswap();
    const peers = [...world.join("silent", 3, silent), ...world.join("honest", 1, honest(one))];
    const getting = bitswap.get(first, peers);
    expect(await world.until(getting)).toBe(0);
    expect(await getting).toEqual(one);
    expect(await bitswap.has(first, "honest")).toBe(true);
  });
});

describe("a peer's silence", () => {
  it("puts it behind those that answer, whatever they say, for any block, until it is forgiven", async () => {
    const world = new World();
    const bitswap = await world.bitswap();
    world.join("silent", 1, silent);
    world.join("lacking", 1, lacking);
    world.join("honest", 1, honest(one, two));
    world.gone.add("gone");
    const peers = ["silent", "gone", "lacking", "honest"];
    await world.until(bitswap.get(first, peers));
    const absent = bitswap.get(cidOf(three), peers);
    expect(await world.until(absent)).toBe(10_000); // a stranger gets all the time there is
    await expect(absent).rejects.toMatchObject({ facts: { asked: 4, refused: 2 } });
    const order = (): readonly string[] => bitswap.session(peers).peers;
    expect(order()).toEqual(["honest", "lacking", "silent", "gone"]);
    await world.pass(mannersMs);
    expect(order()).toEqual(peers);
  });

  it("is waited for no longer than the hedge once it is known, and what it says then counts", async () => {
    const world = new World();
    const bitswap = await world.bitswap({ hedgeMs: 2_000 });
    const peers = [...world.join("silent", 9, silent), ...world.join("lacking", 1, lacking)];
    expect(await world.until(bitswap.get(first, peers).catch(() => {}))).toBe(10_000);
    const again = bitswap.get(cidOf(two), peers);
    expect(await world.until(again)).toBeLessThanOrEqual(3_000);
    await expect(again).rejects.toMatchObject({ facts: { asked: 10, refused: 1 } });

    world.manners.set("silent 4", honest(three));
    const getting = bitswap.get(cidOf(three), peers);
    expect(await world.until(getting)).toBeLessThanOrEqual(1_000);
    expect(await getting).toEqual(three);
    expect(bitswap.session(peers).peers.slice(0, 2)).toEqual(["silent 4", "lacking"]);
  });

  it("is not made up for by saying that it has blocks", async () => {
    const world = new World();
    const bitswap = await world.bitswap();
    const peers = [...world.join("promising", 1, promising), ...world.join("lacking", 1, lacking)];
    for (const bytes of [one, two, three]) await world.until(bitswap.get(cidOf(bytes), peers).catch(() => {}));
    expect(bitswap.session(peers).peers).toEqual(["lacking", "promising"]);
  });

  it("is told from being busy by the blocks it gives, where it said that it has one", async () => {
    const world = new World();
    const bitswap = await world.bitswap();
    const peers = [...world.join("silent", 2, silent), ...world.join("promising", 1, promising)];
    const getting = bitswap.get(first, peers).catch(() => {});
    await world.pass(1_500);
    void bitswap.get(cidOf(two), peers).catch(() => {}); // it says again that it has one, and gives neither
    await world.pass(600);
    expect(bitswap.session([...peers, "stranger"]).peers[0]).toBe("stranger");
    await world.until(getting);
  });

  it("takes the place of what it gave before", async () => {
    const world = new World();
    const bitswap = await world.bitswap();
    const turned = world.join("turned", 10, honest(one));
    for (const peer of turned) await world.until(bitswap.get(first, [peer]));
    for (const peer of turned) world.manners.set(peer, silent);
    await world.pass(1);
    const peers = [...turned, ...world.join("lacking", 1, lacking), ...world.join("honest", 1, honest(two))];
    expect(bitswap.session(peers).peers).toEqual(peers);
    expect(await world.until(bitswap.session(peers).get(cidOf(two)))).toBeLessThanOrEqual(1_000);
    await world.until(bitswap.get(cidOf(three), peers).catch(() => {}));
    expect(bitswap.session(peers).peers).toEqual(["honest", "lacking", ...turned]);
    for (const peer of turned) world.manners.set(peer, lacking);
    await world.until(bitswap.get(cidOf(three), peers).catch(() => {}));
    expect(bitswap.session(peers).peers).toEqual(["honest", ...turned, "lacking"]);
  });

  it("counts as such where it is asked for a mere word", async () => {
    const world = new World();
    const bitswap = await world.bitswap();
    const peers = [...world.join("silent", 1, silent), ...world.join("lacking", 1, lacking)];
    const asking = bitswap.has(first, "silent");
    expect(await world.until(asking)).toBe(2_000);
    expect(await asking).toBe(false);
    expect(await bitswap.has(first, "lacking")).toBe(false);
    expect(bitswap.session(peers).peers).toEqual(["lacking", "silent"]);
  });
});

describe("a slow peer", () => {
  it("that alone has the block gives it, and has its place back", async () => {
    const world = new World();
    const bitswap = await world.bitswap();
    const peers = [...world.join("lacking", 5, lacking), ...world.join("slow", 1, honest(one, two), 3_000)];
    const getting = bitswap.session(peers).get(first);
    expect(await world.until(getting)).toBe(6_000); // a word, and the block
    expect(await getting).toEqual(one);
    expect(bitswap.session(peers).peers[0]).toBe("slow");
    expect(await world.until(bitswap.session(peers).get(cidOf(two)))).toBe(3_000);
  });

  it("is asked for the block it says it has, however late it says so", async () => {
    const world = new World();
    const bitswap = await world.bitswap({ totalMs: 30_000 });
    const peers = [
      ...world.join("lacking", 1, lacking),
      ...world.join("promising", 1, promising),
      ...world.join("slow", 1, honest(one), 5_000),
    ];
    const getting = bitswap.get(first, peers);
    expect(await world.until(getting)).toBeLessThanOrEqual(10_500);
    expect(await getting).toEqual(one);
  });

  it("is overtaken by who is asked beside it", async () => {
    const world = new World();
    const bitswap = await world.bitswap();
    const peers = [...world.join("slow", 1, honest(...blocks), 1_900), ...world.join("quick", 1, honest(two, three))];
    const session = bitswap.session(peers);
    await world.until(session.get(first));
    expect(session.peers[0]).toBe("slow");
    expect(await world.until(session.get(cidOf(two)))).toBe(500);
    expect(session.peers).toEqual(["quick", "slow"]);
    expect(await world.until(session.get(cidOf(three)))).toBe(0);
  });

  it("that sends block after block is joined by few others within the hedge", async () => {
    const world = new World();
    const bitswap = await world.bitswap();
    const peers = [...world.join("busy", 1, honest(...blocks)), ...world.join("silent", 30, silent)];
    await world.until(bitswap.session(peers).get(first));
    await world.pass(1);
    world.asked.length = 0;
    const getting: Promise<unknown>[] = [];
    for (const [i, delayMs] of [400, 800, 1_200, 1_600, 1_900].entries()) {
      world.delays.set("busy", delayMs);
      getting.push(bitswap.session(peers).get(cidOf(blocks[i + 1] as Uint8Array)));
      await world.pass(0); // each in a message of its own
    }
    for (const one of getting) await world.until(one);
    const beside = new Set(world.asked.map(({ peer }) => peer));
    expect(beside).toEqual(new Set(["busy", "silent 0", "silent 1", "silent 2", "silent 3"]));
  });

  it("that lets blocks drip is overtaken all the same", async () => {
    const world = new World();
    const bitswap = await world.bitswap();
    const peers = [...world.join("dripping", 1, honest(...blocks)), ...world.join("quick", 1, honest(...blocks))];
    const session = bitswap.session(peers);
    await world.until(session.get(first));
    await world.pass(1);
    world.delays.set("dripping", 400);
    const drop = session.get(cidOf(two));
    await world.pass(10);
    world.delays.set("dripping", 1_900);
    const last = session.get(cidOf(three));
    await world.until(drop);
    expect(session.peers[0]).toBe("dripping");
    expect(await world.until(last)).toBeLessThan(200);
    expect(session.peers[0]).toBe("quick");
  });
});

it("remembers a bounded number of peers, those it knows least of first forgotten", () => {
  const answerers = new Answerers(() => 1);
  answerers.silent("oldest");
  answerers.silent("old");
  answerers.heard("oldest");
  for (let i = 0; i < maxAnswerers - 1; i++) answerers.heard(`peer ${i}`);
  expect(answerers.isSilent("oldest")).toBe(true);
  expect(answerers.isSilent("old")).toBe(false);
});
