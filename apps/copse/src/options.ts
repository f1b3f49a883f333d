import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parse as parseToml, TomlError } from "smol-toml";
import { NodeError } from "./errors.ts";

/** Which messages the node fetches and checks. `recent`: those of the newest so many epochs. */
export type MessageScope =
  | { readonly kind: "all" }
  | { readonly kind: "none" }
  | { readonly kind: "recent"; readonly epochs: number };

/** Everything `copse node start` can be told, after flags, environment, file and defaults are merged. */
export interface NodeOptions {
  readonly network: string;
  readonly repo: string;
  readonly listen: readonly string[];
  readonly peer: readonly string[];
  readonly bootstrap: boolean;
  readonly import: string | undefined;
  readonly to: number;
  readonly messages: MessageScope;
  readonly once: boolean;
  readonly minPeers: number | undefined;
  readonly maxPeers: number;
  readonly api: string;
  readonly logLevel: string;
  readonly idleSeconds: number;
  readonly workers: number;
  /** Whether state that leader checks will need is fetched before they need it. */
  readonly prefetch: boolean;
  /** `auto`: as far as there are states and built-in actors. `on`: fail where there are none. */
  readonly execute: "on" | "off" | "auto";
  /** Undefined: where something says what to trust. */
  readonly f3: "on" | "off" | undefined;
  /** File with the manifest of F3, in the form of go-f3. */
  readonly f3Manifest: string | undefined;
  /** File with the initial power table of F3. */
  readonly f3Table: string | undefined;
  /** Folder of bundles of built-in actors. */
  readonly actors: string;
}

type Kind = "text" | "addresses" | "count" | "flag" | "messages" | "endpoint" | "level" | "execute" | "switch";
type Row = {
  readonly kind: Kind;
  readonly value?: string;
  readonly fallback: unknown;
  readonly says: string;
  /** Its variable, where it is not called like the option. */
  readonly variable?: string;
};

/** One row an option: the flag `--name`, the variable `COPSE_NAME` and the key `name` of the configuration file. */
export const optionTable: { readonly [Name in keyof NodeOptions]: Row } = {
  network: {
    kind: "text",
    value: "<name>",
    fallback: "mainnet",
    says: "mainnet, calibnet, butterflynet, or a JSON file that describes another",
  },
  repo: {
    kind: "text",
    value: "<dir>",
    fallback: undefined,
    says: "where the chain is kept (default: ~/.copse/<network>)",
  },
  listen: {
    kind: "addresses",
    value: "<multiaddr>",
    fallback: ["/ip4/0.0.0.0/tcp/0"],
    says: "address to listen on; may be given several times",
  },
  peer: {
    kind: "addresses",
    value: "<multiaddr>",
    fallback: [],
    says: "peer to dial, with its /p2p/ id; may be given several times",
  },
  bootstrap: { kind: "flag", fallback: true, says: "dial the network's bootstrap peers and look for others" },
  import: { kind: "text", value: "<file>", fallback: undefined, says: "CAR file (.zst too) to take blocks from first" },
  to: { kind: "count", value: "<height>", fallback: 0, says: "assemble down to this height instead of genesis" },
  messages: {
    kind: "messages",
    value: "<all|recent:N|none>",
    fallback: "all",
    says: "which messages to fetch and check",
  },
  once: { kind: "flag", fallback: false, says: "exit when the chain is assembled" },
  minPeers: {
    kind: "count",
    value: "<n>",
    fallback: undefined,
    says: "peers that must have told their head before a target is chosen (default: the network's number; with --no-bootstrap as many as --peer names, at most 4)",
  },
  maxPeers: { kind: "count", value: "<n>", fallback: 75, says: "connections to keep at most" },
  api: {
    kind: "endpoint",
    value: "<host:port|off>",
    fallback: "127.0.0.1:0",
    says: "where status and metrics are served",
  },
  logLevel: { kind: "level", value: "<level>", fallback: "info", says: "trace, debug, info, warn, error or silent" },
  idleSeconds: {
    kind: "count",
    value: "<n>",
    fallback: 60,
    says: "how long to wait for a target, and for peers that give what is asked for; then it is tried again, or with --once given up",
  },
  workers: { kind: "count", value: "<n>", fallback: 0, says: "verifier threads (default: cores - 1)" },
  prefetch: {
    kind: "flag",
    fallback: true,
    says: "fetch state that checks of the next tipset will need while the chain is followed",
  },
  execute: {
    kind: "execute",
    value: "<on|off|auto>",
    fallback: "auto",
    says: "execute tipsets and check what headers say of their parents; auto: where state and actors are at hand",
  },
  f3: {
    kind: "switch",
    value: "<on|off>",
    fallback: undefined,
    says: "follow finality certificates (default: on where the initial power table, or its CID, is known)",
  },
  f3Manifest: {
    kind: "text",
    value: "<file>",
    fallback: undefined,
    says: "manifest of F3 as JSON, where it is not the network's own",
  },
  f3Table: {
    kind: "text",
    value: "<file>",
    fallback: undefined,
    says: "initial power table of F3 to trust, as CBOR or JSON (default: from peers, by the manifest's CID)",
  },
  actors: {
    kind: "text",
    value: "<dir>",
    fallback: undefined,
    variable: "COPSE_ACTORS_DIR",
    says: "folder of bundles of built-in actors (default: ~/.cache/copse/actors)",
  },
};

/** Values as they were given, by option name: text, texts or booleans. */
export type GivenOptions = Readonly<Record<string, unknown>>;

/**
 * Merges what was given: flags over environment over file over defaults.
 *
 * @throws {NodeError} `copse/option-malformed`, `copse/config-malformed`
 */
export function resolveOptions(
  flags: GivenOptions,
  environment: Readonly<Record<string, string | undefined>>,
): NodeOptions {
  const file = configFile(flags, environment);
  const pick = (name: keyof NodeOptions): unknown =>
    readOption(name, flags[name] ?? environment[variableOf(name)] ?? file[name] ?? optionTable[name].fallback);
  const names = Object.keys(optionTable) as (keyof NodeOptions)[];
  const merged = Object.fromEntries(names.map((name) => [name, pick(name)])) as unknown as NodeOptions;
  return { ...merged, repo: merged.repo ?? defaultRepo(merged.network), actors: merged.actors ?? defaultActors() };
}

/** Where a network's chain is kept when `--repo` does not say. */
export function defaultRepo(network: string): string {
  return join(homedir(), ".copse", network.replaceAll(/[^\w-]/g, "_"));
}

/** Where bundles of built-in actors are kept when nothing says where. */
export function defaultActors(): string {
  return join(homedir(), ".cache/copse/actors");
}

/** `minPeers` → `COPSE_MIN_PEERS`, the option's environment variable. */
export function variableOf(name: keyof NodeOptions): string {
  const upper = name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  return optionTable[name].variable ?? `COPSE_${upper}`;
}

/** `minPeers` → `min-peers`, the option's flag. */
export function kebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function configFile(flags: GivenOptions, environment: Readonly<Record<string, string | undefined>>): GivenOptions {
  const file = flags["config"] ?? environment["COPSE_CONFIG"];
  if (typeof file !== "string") return {};
  let read: Record<string, unknown>;
  try {
    read = parseToml(readFileSync(file, "utf8"));
  } catch (error) {
    const why = error instanceof TomlError || error instanceof Error ? error.message : String(error);
    throw new NodeError("copse/config-malformed", { file, why }, { cause: error });
  }
  for (const key of Object.keys(read)) {
    if (!Object.hasOwn(optionTable, key))
      throw new NodeError("copse/config-malformed", { file, why: `unknown key "${key}"` });
  }
  return read;
}

function readOption(name: keyof NodeOptions, given: unknown): unknown {
  const option = `--${kebabCase(name)}`;
  const { kind } = optionTable[name];
  const refuse = (expected: string): never => {
    throw new NodeError("copse/option-malformed", { option, value: String(given), expected });
  };
  if (given === undefined) return undefined;
  switch (kind) {
    case "text":
      return typeof given === "string" && given !== "" ? given : refuse("text");
    case "addresses": {
      const list = typeof given === "string" ? given.split(",").filter((part) => part !== "") : given;
      return isAddressList(list) ? list : refuse("a list of multiaddrs, such as /ip4/127.0.0.1/tcp/4101");
    }
    case "count": {
      const count = typeof given === "number" ? given : /^\d{1,15}$/.test(String(given)) ? Number(given) : Number.NaN;
      return Number.isSafeInteger(count) && count >= 0 ? count : refuse("a whole number");
    }
    case "flag":
      if (typeof given === "boolean") return given;
      return given === "true" || given === "1"
        ? true
        : given === "false" || given === "0"
          ? false
          : refuse("true or false");
    case "messages":
      return parseMessageScope(String(given)) ?? refuse("all, none or recent:N");
    case "endpoint":
      return isEndpoint(String(given)) ? given : refuse("off, or host:port with a port up to 65535");
    case "execute":
      return ["on", "off", "auto"].includes(String(given)) ? given : refuse("on, off or auto");
    case "switch":
      return given === "on" || given === "off" ? given : refuse("on or off");
    case "level":
      return logLevels.includes(String(given)) ? given : refuse(`one of ${logLevels.join(", ")}`);
  }
}

const logLevels: readonly string[] = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** Whether each has the look of a multiaddr; the network reads it in earnest. */
function isAddressList(list: unknown): list is string[] {
  return Array.isArray(list) && list.every((part) => typeof part === "string" && /^\/\w+\/\S+$/.test(part));
}

function isEndpoint(text: string): boolean {
  const port = /^\S+:(\d{1,5})$/.exec(text)?.[1];
  return text === "off" || (port !== undefined && Number(port) <= 65_535);
}

function parseMessageScope(text: string): MessageScope | undefined {
  if (text === "all" || text === "none") return { kind: text };
  const epochs = /^recent:(\d{1,9})$/.exec(text)?.[1];
  if (Number(epochs) === 0) return { kind: "none" };
  return epochs === undefined ? undefined : { kind: "recent", epochs: Number(epochs) };
}
