import { writeFile } from "node:fs/promises";
import { toCid } from "@copse/ipld";
import { newestNetworkVersion, oldestNetworkVersion } from "@copse/vm";
import { modulesFolder } from "@copse/vm/node";
import { devnetCar } from "../devnet/devnet-car.ts";
import { makeDevnet } from "../devnet/make-devnet.ts";
import { createProgress } from "../progress.ts";
import { actorsFolder, actorsOption } from "../vm/actors-folder.ts";
import { countFlag, textFlag } from "./car-input.ts";
import { formatOptions, outputOf, outputOptions, refuseExisting, tellWritten, writeOut } from "./car-output.ts";
import type { CommandContext, CommandSpec } from "./command.ts";

const mostEpochs = 1_000_000;

/** `copse devnet …` */
export const devnetCommands: readonly CommandSpec[] = [
  {
    name: "generate",
    says: "Make a local chain that is executed by the real actors, with forks and null rounds, as a CAR",
    options: [
      {
        form: "--network-version <n>",
        says: `from ${oldestNetworkVersion} to ${newestNetworkVersion} (default: ${newestNetworkVersion})`,
      },
      { form: "--epochs <n>", says: "how many (default: 100)" },
      { form: "--seed <text>", says: "the same seed and options give the same chain (default: copse)" },
      { form: "--miners <n>", says: "1 to 50 (default: 4)" },
      actorsOption,
      { form: "--actors-network <name>", says: "whose actors (default: mainnet)" },
      {
        form: "-o, --out <file>",
        says: "where to, - for standard output (default: named after version and seed, here)",
      },
      ...outputOptions.slice(1),
      ...formatOptions,
    ],
    examples: [
      "copse devnet generate --network-version 22 --epochs 500 --seed one --out devnet.car",
      "copse devnet generate --epochs 50 -o - | copse car info -",
    ],
    run: generate,
  },
];

async function generate(context: CommandContext): Promise<number> {
  const { output, terminal, signal, flags } = context;
  const networkVersion =
    countFlag(context, "networkVersion", oldestNetworkVersion, newestNetworkVersion) ?? newestNetworkVersion;
  const epochs = countFlag(context, "epochs", 1, mostEpochs) ?? 100;
  const seed = textFlag(context, "seed") ?? "copse";
  const target = outputOf(
    { ...context, flags: { ...flags, output: flags["out"] } },
    `devnet-nv${networkVersion}-${seed}`,
    "car",
  );
  const rulesFile = target.file === "-" ? undefined : `${target.file}.network.json`;
  if (rulesFile !== undefined) refuseExisting(context, rulesFile);
  const progress = createProgress(terminal);
  try {
    const made = await makeDevnet(
      {
        networkVersion,
        epochs,
        seed,
        miners: countFlag(context, "miners", 1, 50),
        actors: actorsFolder(context),
        modules: modulesFolder(context.environment),
        actorsNetwork: textFlag(context, "actorsNetwork") ?? "mainnet",
      },
      (height) => progress.update("executing", height, epochs),
      signal,
    );
    progress.stop();
    if (rulesFile !== undefined) await writeFile(rulesFile, made.networkJson);
    const blocks = made.tipsets.reduce((sum, tipset) => sum + tipset.length, 0);
    const messages = Object.values(made.exitCodes).reduce((sum, count) => sum + count, 0);
    const facts = {
      networkVersion,
      epochs,
      genesis: `${toCid(made.genesis)}`,
      tipsets: made.tipsets.length,
      headers: blocks,
      forks: made.forks.length,
      messages,
      exitCodes: made.exitCodes,
      network: rulesFile,
    };
    output.event(
      "executed",
      facts,
      `network version ${networkVersion}: ${epochs} epochs, ${facts.tipsets} tipsets, ${blocks} headers, ` +
        `${facts.forks} fork tipsets, ${messages} messages executed, genesis ${facts.genesis}`,
    );
    tellWritten(context, await writeOut(context, target, devnetCar(made)), facts);
    return 0;
  } finally {
    progress.stop();
  }
}
