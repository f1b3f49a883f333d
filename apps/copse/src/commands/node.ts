import { runDemo } from "../demo.ts";
import { NodeError } from "../errors.ts";
import { kebabCase, type NodeOptions, optionTable, resolveOptions, variableOf } from "../options.ts";
import { runningApi } from "../repo.ts";
import { runNode } from "../run-node.ts";
import type { CommandSpec, OptionSpec } from "./command.ts";

/** The options of `node start`, from the table. */
function startOptions(): OptionSpec[] {
  const rows = Object.entries(optionTable).map(([name, row]) => {
    const flag = row.kind === "flag" && row.fallback === true ? `--no-${kebabCase(name)}` : `--${kebabCase(name)}`;
    const says = row.kind === "flag" && row.fallback === true ? `do not ${row.says}` : row.says;
    return {
      form: row.value === undefined ? flag : `${flag} ${row.value}`,
      says: `${says} [${variableOf(name as keyof NodeOptions)}]`,
      many: row.kind === "addresses",
    };
  });
  return [{ form: "--config <file>", says: "TOML file with any of these options [COPSE_CONFIG]" }, ...rows];
}

/** `copse node …` */
export const nodeCommands: readonly CommandSpec[] = [
  {
    name: "start",
    says: "Sync headers and messages from peers, verify them, assemble the chain to genesis, and serve it",
    options: startOptions(),
    examples: [
      "copse node start --network calibnet",
      "copse node start --network mainnet --no-bootstrap --import snapshot.car.zst --listen /ip4/127.0.0.1/tcp/4101",
      "copse node start --no-bootstrap --peer /ip4/127.0.0.1/tcp/4101/p2p/12D3… --repo ./b --once --json",
    ],
    run: (context) => runNode(resolveOptions(context.flags, context.environment), context),
  },
  {
    name: "demo",
    says: "Make a local chain, serve it from two peers over loopback, and sync it into an on-disk store",
    options: [
      {
        form: "--epochs <n>",
        says: "epochs of the chain (default: 200 that are executed, 3000 without built-in actors)",
      },
      {
        form: "--repo <dir>",
        says: "where the lite node keeps it (default: a fresh temporary folder, removed at the end)",
      },
    ],
    examples: ["copse node demo", "copse node demo --epochs 500 --json"],
    run: runDemo,
  },
  {
    name: "status",
    says: "Ask the node that runs on a repository how far it is",
    options: [
      { form: "--network <name>", says: "network whose default repository is meant" },
      { form: "--repo <dir>", says: "the repository" },
    ],
    examples: ["copse node status --repo ./b --json"],
    async run({ flags, environment, output }) {
      const { repo } = resolveOptions(flags, environment) satisfies NodeOptions;
      const url = runningApi(repo);
      if (url === undefined) throw new NodeError("copse/not-found", { what: "a running node" });
      const status = await askStatus(url);
      output.answer(status, () =>
        Object.entries(status)
          .map(
            ([name, value]) =>
              `${name.padEnd(12)} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
          )
          .join("\n"),
      );
      return 0;
    },
  },
];

/** How long a node may take to tell its status. Unit: ms. */
const statusMs = 30_000;

/** The status of the node at a URL. One that is about to end, or that was killed, does not answer. */
async function askStatus(url: string): Promise<Record<string, unknown>> {
  try {
    const response = await fetch(`${url}/status`, { signal: AbortSignal.timeout(statusMs) });
    return (await response.json()) as Record<string, unknown>;
  } catch (error) {
    throw new NodeError("copse/not-found", { what: `a node that answers at ${url}` }, { cause: error });
  }
}
