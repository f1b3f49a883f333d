import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openChainStore } from "@copse/chain";
import { mainnet } from "@copse/types";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandTree, createCli, exitCodeHelp } from "../src/cli.ts";
import { kebabCase, optionTable } from "../src/options.ts";
import { openRepo } from "../src/repo.ts";
import { type CliRun, runCli } from "./run-cli.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "copse-cli-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const genesis = "bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2";
const error = ({ events }: CliRun): Record<string, unknown> => {
  expect(events).toHaveLength(1);
  return events[0] as Record<string, unknown>;
};

describe("copse", () => {
  it("says what there is, with the exit codes", async () => {
    const { code, out } = await runCli("--help");
    expect(code).toBe(0);
    for (const noun of Object.keys(commandTree)) expect(out).toContain(noun);
    expect(out).toContain(exitCodeHelp());
    expect(exitCodeHelp()).toMatch(/^ {2,}130 {2}stopped by/m);
  });

  it("tells its version", async () => {
    expect(await runCli("--version")).toMatchObject({ code: 0, out: "0.0.0-test\n" });
  });

  it("shows help and ends with 2 when no command, or half of one, is given", async () => {
    for (const args of [[], ["node"], ["chain"]]) {
      const { code, out, err } = await runCli(...args);
      expect(code, args.join(" ")).toBe(2);
      expect(out).toBe("");
      expect(err).toContain("Usage: copse");
    }
  });

  it("refuses unknown commands, options and arguments too many, and names the nearest", async () => {
    const cases: [string[], RegExp][] = [
      [["nod"], /unknown command 'nod'[\s\S]*Did you mean node/],
      [["chain", "haed"], /unknown command 'haed'[\s\S]*Did you mean head/],
      [["chain", "head", "--rep", "x"], /unknown option '--rep'[\s\S]*Did you mean --repo/],
      [["chain", "head", "now"], /too many arguments/],
      [["chain", "tipset"], /missing required argument 'height\|cid'/],
      [["chain", "head", "--repo"], /argument missing/],
    ];
    for (const [args, says] of cases) {
      const { code, out, err } = await runCli(...args);
      expect(code, args.join(" ")).toBe(2);
      expect(out).toBe("");
      expect(err).toMatch(says);
      expect(err).toContain("copse --help");
    }
  });

  for (const [noun, { verbs }] of Object.entries(commandTree)) {
    for (const { name, examples, says } of verbs) {
      it(`explains ${noun} ${name} with examples, and takes --json`, async () => {
        const { code, out } = await runCli(noun, name, "--help");
        expect(code).toBe(0);
        expect(out.replaceAll(/\s+/g, " ")).toContain(says);
        expect(out).toContain("--json");
        expect(examples.length).toBeGreaterThan(0);
        for (const example of examples) expect(out).toContain(example);
      });
    }
  }

  it("offers every option of the table as a flag and a variable of node start", async () => {
    const { out } = await runCli("node", "start", "--help");
    for (const name of Object.keys(optionTable)) {
      expect(out).toMatch(new RegExp(`--(no-)?${kebabCase(name)}\\b`));
    }
  });
});

describe("failures", () => {
  it("of the command line itself are a JSON document too, where JSON is asked for", async () => {
    const cases: [string[], RegExp][] = [
      [["chain", "haed"], /^unknown command 'haed'/],
      [["chain", "head", "--rep", "x"], /^unknown option '--rep'/],
      [["chain", "tipset"], /^missing required argument/],
    ];
    for (const [args, says] of cases) {
      const run = await runCli(...args, "--json");
      expect(run.code).toBe(2);
      expect(error(run)).toMatchObject({ event: "error", code: "copse/command-malformed" });
      expect(error(run)["message"]).toMatch(says);
      expect(run.err).toContain("copse --help");
    }
  });

  it("are one JSON document with --json, and a sentence on stderr without", async () => {
    const repo = join(dir, "nothing");
    const json = await runCli("chain", "head", "--repo", repo, "--json");
    expect(json.code).toBe(6);
    expect(json.err).toBe("");
    expect(error(json)).toMatchObject({ event: "error", code: "copse/repo-missing", facts: { repo } });
    const plain = await runCli("chain", "head", "--repo", repo);
    expect(plain).toMatchObject({ code: 6, out: "" });
    expect(plain.err).toMatch(/^copse: no repository at .*copse node start/);
  });

  it("end with 6 for each chain command on a missing repository, which is not made", async () => {
    for (const { name, takes = [] } of commandTree["chain"]?.verbs ?? []) {
      const repo = join(dir, `none-${name}`);
      const run = await runCli("chain", name, ...takes.map(() => genesis), "--repo", repo, "--json");
      expect(run.code, name).toBe(6);
      expect(error(run)).toMatchObject({ code: "copse/repo-missing" });
    }
  });

  it("end with 6 where nothing is stored, and with 2 for what is no CID", async () => {
    const repo = join(dir, "empty");
    // a node that has run at all has founded its store
    const opened = await openRepo(repo, { network: "mainnet", genesis });
    await openChainStore(opened.database, { genesis: mainnet.genesisCid.bytes });
    await opened.close();
    for (const [verb, ...args] of [
      ["head"],
      ["tipset", "5"],
      ["block", genesis],
      ["message", genesis],
      ["assembled"],
    ]) {
      const run = await runCli("chain", verb as string, ...args, "--repo", repo, "--json");
      expect(run.code, verb).toBe(6);
      expect(error(run)).toMatchObject({ code: "copse/not-found" });
    }
    for (const verb of ["tipset", "block", "message"]) {
      const run = await runCli("chain", verb, "bafynonsense", "--repo", repo, "--json");
      expect(run.code, verb).toBe(2);
      expect(error(run)).toMatchObject({ code: "copse/option-malformed", facts: { value: "bafynonsense" } });
    }
  });

  it("end with 2 for options, files and networks that make no sense", async () => {
    const broken = join(dir, "broken.json");
    writeFileSync(broken, '{"name": "x"}');
    const config = join(dir, "config.toml");
    writeFileSync(config, "nonsense = 1");
    const cases: [string[], string][] = [
      [["--to", "high"], "copse/option-malformed"],
      [["--api", "nonsense"], "copse/option-malformed"],
      [["--log-level", "loud"], "copse/option-malformed"],
      [["--listen", "garbage"], "copse/option-malformed"],
      [["--network", "nonsense"], "copse/option-malformed"],
      [["--network", "devnet"], "copse/option-malformed"],
      [["--network", broken], "copse/config-malformed"],
      [["--network", join(dir, "absent.json")], "copse/config-malformed"],
      [["--config", config], "copse/config-malformed"],
    ];
    for (const [args, code] of cases) {
      const run = await runCli("node", "start", "--no-bootstrap", "--repo", join(dir, "unused"), ...args, "--json");
      expect(run.code, args.join(" ")).toBe(2);
      expect(error(run)).toMatchObject({ event: "error", code });
    }
    const demo = await runCli("node", "demo", "--epochs", "0", "--json");
    expect(demo.code).toBe(2);
    expect(error(demo)).toMatchObject({ facts: { option: "--epochs" } });
  });

  it("end with 6 when no node runs, or its word is stale or broken", async () => {
    const repo = join(dir, "status");
    mkdirSync(repo);
    const ask = async (): Promise<unknown> => {
      const run = await runCli("node", "status", "--repo", repo, "--json");
      expect(run.code).toBe(6);
      return error(run)["code"];
    };
    expect(await ask()).toBe("copse/not-found");
    for (const text of ['{"url": "http://127.0.0.1:1"', JSON.stringify({ url: "http://127.0.0.1:1", pid: 2 ** 30 })]) {
      writeFileSync(join(repo, "api.json"), text);
      expect(await ask()).toBe("copse/not-found");
    }
    writeFileSync(join(repo, "api.json"), JSON.stringify({ url: "http://127.0.0.1:1", pid: process.pid }));
    expect(await ask()).toBe("copse/not-found");
  });

  it("end with 130 when a command is stopped, whatever it was doing", async () => {
    const stop = new AbortController();
    stop.abort(new Error("SIGINT"));
    let out = "";
    const cli = createCli({
      version: "0",
      environment: {},
      out: {
        write(text) {
          out += text;
        },
      },
      err: { write() {} },
      terminal: false,
      signal: stop.signal,
    });
    expect(await cli(["node", "demo", "--epochs", "8", "--json"])).toBe(130);
    expect(JSON.parse(out)).toMatchObject({ event: "error", code: "host/aborted" });
  });
});
