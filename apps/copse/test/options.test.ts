import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exitCodeOf } from "../src/exit-codes.ts";
import {
  defaultActors,
  defaultRepo,
  type GivenOptions,
  kebabCase,
  type NodeOptions,
  optionTable,
  resolveOptions,
  variableOf,
} from "../src/options.ts";

let dir: string;
let files = 0;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "copse-options-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function toml(text: string): string {
  const file = join(dir, `${files++}.toml`);
  writeFileSync(file, text);
  return file;
}

/** What resolving throws, as its code, facts and exit code. */
function failure(flags: GivenOptions, environment: Record<string, string> = {}): Record<string, unknown> {
  try {
    resolveOptions(flags, environment);
  } catch (error) {
    const { code, facts, message } = error as { code: string; facts: object; message: string };
    return { code, ...facts, message, exit: exitCodeOf(error) };
  }
  return { code: "none" };
}

/** Two different values an option, each as a flag, in the environment, in TOML, and as it comes out. */
const samples: { readonly [Name in keyof NodeOptions]: readonly (readonly [unknown, string, string, unknown])[] } = {
  network: [
    ["calibnet", "calibnet", '"calibnet"', "calibnet"],
    ["x.json", "x.json", '"x.json"', "x.json"],
  ],
  repo: [
    ["/a", "/a", '"/a"', "/a"],
    ["./b", "./b", '"./b"', "./b"],
  ],
  listen: [
    [["/ip4/1.2.3.4/tcp/1"], "/ip4/1.2.3.4/tcp/1", '["/ip4/1.2.3.4/tcp/1"]', ["/ip4/1.2.3.4/tcp/1"]],
    [
      ["/ip4/1.1.1.1/tcp/1", "/dns4/x/tcp/2"],
      "/ip4/1.1.1.1/tcp/1,/dns4/x/tcp/2",
      '"/ip4/1.1.1.1/tcp/1,/dns4/x/tcp/2"',
      ["/ip4/1.1.1.1/tcp/1", "/dns4/x/tcp/2"],
    ],
  ],
  peer: [
    [["/dns4/a/tcp/1/p2p/12D3"], "/dns4/a/tcp/1/p2p/12D3,", '["/dns4/a/tcp/1/p2p/12D3"]', ["/dns4/a/tcp/1/p2p/12D3"]],
    [[], "", "[]", []],
  ],
  bootstrap: [
    [false, "0", "false", false],
    [true, "true", "true", true],
  ],
  prefetch: [
    [false, "0", "false", false],
    [true, "true", "true", true],
  ],
  import: [
    ["a.car", "a.car", '"a.car"', "a.car"],
    ["b.car.zst", "b.car.zst", '"b.car.zst"', "b.car.zst"],
  ],
  to: [
    ["7", "7", "7", 7],
    ["999999999999999", "999999999999999", "999999999999999", 999999999999999],
  ],
  messages: [
    ["recent:12", "recent:12", '"recent:12"', { kind: "recent", epochs: 12 }],
    ["none", "none", '"none"', { kind: "none" }],
  ],
  once: [
    [true, "1", "true", true],
    [false, "false", "false", false],
  ],
  minPeers: [
    ["1", "1", "1", 1],
    ["3", "3", '"3"', 3],
  ],
  maxPeers: [
    ["5", "5", "5", 5],
    ["6", "6", "6", 6],
  ],
  api: [
    ["off", "off", '"off"', "off"],
    ["[::1]:80", "[::1]:80", '"[::1]:80"', "[::1]:80"],
  ],
  logLevel: [
    ["warn", "warn", '"warn"', "warn"],
    ["silent", "silent", '"silent"', "silent"],
  ],
  idleSeconds: [
    ["0", "0", "0", 0],
    ["9", "9", "9", 9],
  ],
  workers: [
    ["2", "2", "2", 2],
    ["3", "3", "3", 3],
  ],
  execute: [
    ["on", "on", '"on"', "on"],
    ["off", "off", '"off"', "off"],
  ],
  f3: [
    ["on", "on", '"on"', "on"],
    ["off", "off", '"off"', "off"],
  ],
  f3Manifest: [
    ["/m.json", "/m.json", '"/m.json"', "/m.json"],
    ["n.json", "n.json", '"n.json"', "n.json"],
  ],
  f3Table: [
    ["/t.json", "/t.json", '"/t.json"', "/t.json"],
    ["t.cbor", "t.cbor", '"t.cbor"', "t.cbor"],
  ],
  actors: [
    ["/a", "/a", '"/a"', "/a"],
    ["b", "b", '"b"', "b"],
  ],
};
const names = Object.keys(samples) as (keyof NodeOptions)[];

/** Values no reading of an option gives sense to. */
// biome-ignore format: a table
const malformed: { readonly [Name in keyof NodeOptions]: readonly (readonly [given: unknown, toml: string])[] } = {
  network: [["", '""'], [true, "5"]],
  repo: [["", '""'], [true, "[1]"]],
  listen: [[["garbage"], '["garbage"]'], [[""], "5"], [["/ip4/1.1.1.1/tcp/1 x"], "[5]"]],
  peer: [["12D3KooW", '"12D3KooW"'], [["/"], "true"]],
  bootstrap: [["yes", '"yes"'], ["", "1"]],
  prefetch: [["no", '"no"'], ["", "0"]],
  import: [["", '""'], [5, "5"]],
  to: [["-1", "-1"], ["1.5", "1.5"], ["", '""'], ["0x10", '"0x10"'], ["1e3", '"1e3"'], ["9".repeat(16), "nan"]],
  messages: [["some", '"some"'], ["recent:", '"recent:"'], ["recent:-1", "5"], ["recent:1.5", "true"]],
  once: [["2", "2"], ["TRUE", '"on"']],
  minPeers: [["two", '"two"'], [" 1", "-3"]],
  maxPeers: [["many", "inf"], ["+1", '"+1"']],
  api: [["nonsense", '"nonsense"'], ["h:65536", '"h:65536"'], [":80", "80"], ["h:", '"h:"']],
  logLevel: [["loud", '"loud"'], ["INFO", "3"]],
  idleSeconds: [["soon", '"soon"'], ["-0", "-1"]],
  workers: [["all", '"all"'], ["NaN", "nan"]],
  execute: [["yes", '"yes"'], ["ON", "true"]],
  f3: [["auto", '"auto"'], ["ON", "true"], [true, '""']],
  f3Manifest: [["", '""'], [true, "5"]],
  f3Table: [["", '""'], [true, "5"]],
  actors: [["", '""'], [true, "5"]],
};

describe("optionTable", () => {
  it("has a row for every option, and nothing else", () => {
    expect(Object.keys(optionTable).sort()).toEqual([...names].sort());
    expect(Object.keys(resolveOptions({}, {})).sort()).toEqual([...names].sort());
  });

  it("gives what nobody gave its default", () => {
    expect(resolveOptions({}, {})).toEqual({
      network: "mainnet",
      repo: join(homedir(), ".copse", "mainnet"),
      listen: ["/ip4/0.0.0.0/tcp/0"],
      peer: [],
      bootstrap: true,
      import: undefined,
      to: 0,
      messages: { kind: "all" },
      once: false,
      minPeers: undefined,
      maxPeers: 75,
      api: "127.0.0.1:0",
      logLevel: "info",
      idleSeconds: 60,
      workers: 0,
      prefetch: true,
      execute: "auto",
      f3: undefined,
      f3Manifest: undefined,
      f3Table: undefined,
      actors: defaultActors(),
    } satisfies NodeOptions);
  });

  it("names flags and variables after the option", () => {
    expect(names.map(variableOf)).toContain("COPSE_MIN_PEERS");
    expect(variableOf("actors")).toBe("COPSE_ACTORS_DIR"); // as every other command has it
    expect(names.map(kebabCase)).toContain("min-peers");
    expect(new Set(names.map(variableOf)).size).toBe(names.length);
  });

  it("keeps another network's chain in another folder, whatever its name", () => {
    expect(defaultRepo("calibnet")).toBe(join(homedir(), ".copse", "calibnet"));
    expect(defaultRepo("../../etc/x.json")).toBe(join(homedir(), ".copse", "______etc_x_json"));
    expect(resolveOptions({ network: "calibnet" }, {}).repo).toBe(defaultRepo("calibnet"));
  });
});

describe("resolveOptions", () => {
  for (const name of names) {
    const variable = variableOf(name);
    it(`reads ${name} from a flag, the environment and a file alike`, () => {
      for (const [flag, variableText, tomlText, value] of samples[name]) {
        expect(resolveOptions({ [name]: flag }, {})[name]).toEqual(value);
        expect(resolveOptions({}, { [variable]: variableText })[name]).toEqual(value);
        expect(resolveOptions({ config: toml(`${name} = ${tomlText}`) }, {})[name]).toEqual(value);
      }
    });

    it(`prefers ${name} of a flag to the environment, and that to the file`, () => {
      const [[one, oneText, oneToml, oneValue], [two, twoText, , twoValue]] = samples[name] as [
        readonly [unknown, string, string, unknown],
        readonly [unknown, string, string, unknown],
      ];
      const config = toml(`${name} = ${oneToml}`);
      expect(resolveOptions({ config, [name]: two }, { [variable]: oneText })[name]).toEqual(twoValue);
      expect(resolveOptions({ config }, { [variable]: twoText })[name]).toEqual(twoValue);
      expect(resolveOptions({}, { COPSE_CONFIG: config })[name]).toEqual(oneValue);
      expect(resolveOptions({ [name]: one }, { [variable]: twoText })[name]).toEqual(oneValue);
    });

    it(`refuses a malformed ${name}, and names it`, () => {
      const expected = { code: "copse/option-malformed", option: `--${kebabCase(name)}`, exit: 2 };
      for (const [given, tomlText] of malformed[name]) {
        expect(failure({ [name]: given }), String(given)).toMatchObject(expected);
        expect(failure({ config: toml(`${name} = ${tomlText}`) }), tomlText).toMatchObject(expected);
        // an empty list is a list
        if (typeof given === "string" && !(given === "" && optionTable[name].kind === "addresses"))
          expect(failure({}, { [variable]: given }), given).toMatchObject(expected);
      }
    });
  }

  it("refuses a file that names an unknown option, names inherited from Object among them", () => {
    for (const key of ["netwrok", "toString", "constructor", "hasOwnProperty", "config"]) {
      const found = failure({ config: toml(`${key} = 1`) });
      expect(found).toMatchObject({ code: "copse/config-malformed", exit: 2 });
      expect(found["message"]).toContain(key);
    }
  });

  it("refuses a file that is none, and says where", () => {
    const absent = join(dir, "absent.toml");
    expect(failure({ config: absent })).toMatchObject({ code: "copse/config-malformed", file: absent, exit: 2 });
    expect(failure({}, { COPSE_CONFIG: dir })).toMatchObject({ code: "copse/config-malformed", exit: 2 });
    const broken = failure({ config: toml('listen = ["/ip4') });
    expect(broken).toMatchObject({ code: "copse/config-malformed", exit: 2 });
    expect(String(broken["why"])).toMatch(/line|1:/);
  });

  it("reads any text as an option, or refuses it with its own code", () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.oneof(fc.string(), fc.integer().map(String)), (name, text) => {
        const found = failure({}, { [variableOf(name)]: text });
        expect(["none", "copse/option-malformed"]).toContain(found["code"]);
      }),
    );
  });

  it("reads any count and scope back as it was written", () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), (n) => {
        expect(resolveOptions({ to: String(n) }, {}).to).toBe(n);
        const scope = n === 0 ? { kind: "none" } : { kind: "recent", epochs: n };
        expect(resolveOptions({ messages: `recent:${n}` }, {}).messages).toEqual(scope);
      }),
    );
  });
});
