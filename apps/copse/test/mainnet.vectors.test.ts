import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataFile, describeData, seeded } from "@copse/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCli, startCli } from "./run-cli.ts";

const file = "chain/mainnet-export40.car";
const genesis = "bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2";
const quiet = ["--no-bootstrap", "--json", "--api", "off", "--log-level", "silent", "--listen", "/ip4/127.0.0.1/tcp/0"];

/** What mainnet's first forty epochs prove; chain-and-network.md section 8.1. */
const proven = {
  event: "assembled",
  genesis,
  head: 39,
  tipsets: 33,
  headers: 49,
  beacons: 38,
  messageRoots: 49,
  messages: 585,
  blsAggregates: 14,
  secpSignatures: 512,
  delegatedSignatures: 0,
  leaders: 48,
  // the file has the whole states that epochs 0 and 1 name: exact for the headers of epochs 1 and 2, and for their weights
  leadersOnOlderState: 46,
  weights: 2,
  winningProofs: 0, // nobody verifies them here
};

describeData("mainnet's first forty epochs", [file], () => {
  let dir: string;
  const path = dataFile(file) as string;
  const start = (name: string, ...more: string[]): string[] => [
    "node",
    "start",
    "--network",
    "mainnet",
    "--repo",
    join(dir, name),
    ...quiet,
    ...more,
  ];
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "copse-mainnet-"));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it("are served by one node, and assembled to genesis by another", { timeout: 120_000 }, async () => {
    const a = startCli(...start("a", "--import", path));
    const { addresses } = (await a.event("listening")) as { addresses: string[] };
    expect(addresses[0]).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3/);
    const b = await runCli(...start("b", "--once", "--peer", addresses[0] as string));
    expect(b.events.at(-1), b.out + b.err).toMatchObject(proven);
    expect(b.code).toBe(0);
    a.stop();
    expect((await a.done).code).toBe(0);

    const query = async (...args: string[]): Promise<Record<string, unknown>> => {
      const { code, events, out } = await runCli(
        "chain",
        ...args,
        "--network",
        "mainnet",
        "--repo",
        join(dir, "b"),
        "--json",
      );
      expect(code, out).toBe(0);
      return events[0] as Record<string, unknown>;
    };
    expect(await query("head")).toMatchObject({ Height: 39 });
    expect(await query("tipset", "0")).toMatchObject({ Cids: [{ "/": genesis }] });
    expect(await query("block", genesis)).toMatchObject({ Height: 0, Miner: "f00", ParentBaseFee: "100000000" });
    expect(await query("assembled")).toMatchObject({ toGenesis: true, headers: 49, leaders: 48 });
    const absent = await runCli(
      "chain",
      "block",
      "bafy2bzacedswlcz5ddgqnyo3sak3jmhmkxashisnlpq6ujgyhe4mlobzpnhs6",
      "--repo",
      join(dir, "b"),
      "--json",
    );
    expect(absent.code).toBe(6);
  });

  it("assemble again from the store alone, without a peer, when asked twice", { timeout: 120_000 }, async () => {
    const first = await runCli(...start("again", "--once", "--import", path));
    const second = await runCli(...start("again", "--once", "--import", path));
    expect(first.events.at(-1)).toMatchObject(proven);
    expect(second.events.at(-1)).toMatchObject(proven);
  });

  it("stop at a height when told to, and are not called assembled to genesis", { timeout: 120_000 }, async () => {
    const run = await runCli(...start("to", "--once", "--import", path, "--to", "20"));
    expect(run.events.at(-1)).toMatchObject({ event: "assembled-partly", head: 39, toGenesis: false });
    expect(run.code).toBe(0);
  });

  it("with a bit flipped anywhere are refused, and the place is named", { timeout: 300_000 }, async () => {
    const whole = readFileSync(path);
    const random = seeded(11);
    for (let i = 0; i < 25; i++) {
      const at = i === 0 ? 5 : Math.floor(random() * whole.length);
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ (1 << Math.floor(random() * 8));
      const copy = join(dir, "damaged.car");
      writeFileSync(copy, damaged);
      const run = await runCli(...start(`damaged-${i}`, "--once", "--import", copy));
      const last = run.events.at(-1) as { event: string; code: string; message: string };
      expect(run.code, `bit at ${at}: ${run.out}`).not.toBe(0);
      expect(
        run.events.filter(({ event }) => event === "assembled"),
        `bit at ${at}`,
      ).toEqual([]);
      expect(last.event).toBe("error");
      expect(last.message.length).toBeGreaterThan(10);
    }
  });
});
