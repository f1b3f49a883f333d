import { abortFault, assertNotAborted, HostFault } from "@copse/primitives";
import { Command, CommanderError } from "commander";
import { actorsCommands } from "./commands/actors.ts";
import { carCommands } from "./commands/car.ts";
import { chainCommands } from "./commands/chain.ts";
import type { CommandContext, CommandSpec } from "./commands/command.ts";
import { devnetCommands } from "./commands/devnet.ts";
import { f3Commands } from "./commands/f3.ts";
import { ipldCommands } from "./commands/ipld.ts";
import { nodeCommands } from "./commands/node.ts";
import { stateCommands } from "./commands/state.ts";
import { vmCommands } from "./commands/vm.ts";
import { NodeError } from "./errors.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { createOutput, errorFacts, type TextSink } from "./output.ts";

/** What the process lends the command line. */
export interface CliWorld {
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly out: TextSink;
  readonly err: TextSink;
  /** Standard input; empty where absent. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Takes bytes on standard output; refused where absent. */
  readonly writeBytes?: (bytes: Uint8Array) => Promise<void>;
  /** Whether stderr is a terminal that may show progress. */
  readonly terminal: boolean;
  readonly signal: AbortSignal;
}

/** Every command, by its noun. */
export const commandTree: Readonly<Record<string, { readonly says: string; readonly verbs: readonly CommandSpec[] }>> =
  {
    node: { says: "Run the lite node, or ask a running one", verbs: nodeCommands },
    car: { says: "Look into CAR files, check them and make new ones", verbs: carCommands },
    ipld: { says: "Look at blocks and DAGs, in CAR files or a repository", verbs: ipldCommands },
    chain: { says: "Read the chain a repository holds; no node needs to run", verbs: chainCommands },
    state: { says: "Read values of the chain's state with their proofs, and check such proofs", verbs: stateCommands },
    devnet: { says: "Make local chains that are really executed", verbs: devnetCommands },
    vm: { says: "Execute messages with the real built-in actors", verbs: vmCommands },
    f3: { says: "Look into F3 finality certificates, verify, export and import them", verbs: f3Commands },
    actors: { says: "Bring the built-in actors that the VM runs", verbs: actorsCommands },
  };

/**
 * The command line as a function: arguments in, exit code out; no process is touched.
 *
 * @example
 * await createCli(world)(["chain", "head", "--json"]) // => 0
 */
export function createCli(world: CliWorld): (args: readonly string[]) => Promise<number> {
  return async (args) => {
    let code = 0;
    const program = new Command("copse")
      .description("Filecoin in TypeScript: a lite node and its tools")
      .version(world.version)
      .showHelpAfterError("(copse --help shows what there is)")
      .addHelpText("after", `\nExit codes:\n${exitCodeHelp()}`);
    for (const [noun, { says, verbs }] of Object.entries(commandTree)) {
      const parent = program.command(noun).description(says);
      for (const spec of verbs) {
        addCommand(parent, spec, async (context) => {
          code = await spec.run(context);
        });
      }
    }
    const settings = {
      writeOut: (text: string) => void world.out.write(text),
      writeErr: (text: string) => void world.err.write(text),
    };
    visit(program, (command) => command.exitOverride().configureOutput(settings));
    try {
      await program.parseAsync(args, { from: "user" });
      return code;
    } catch (error) {
      const { signal } = world;
      // what was under way may throw the signal's own reason, or an AbortError
      const stopped = signal.aborted && (error === signal.reason || (error as Error).name === "AbortError");
      const output = createOutput({ json: args.includes("--json"), out: world.out, err: world.err });
      if (error instanceof CommanderError) {
        if (error.exitCode === 0) return 0; // help was asked for
        const why = error.code === "commander.help" ? "error: no command is given" : error.message;
        const malformed = new NodeError("copse/command-malformed", { why: why.replace(/^error: /, "") });
        output.event("error", errorFacts(malformed)); // for people commander has said it, with help
        return exitCodeOf(malformed);
      }
      const failure = stopped ? abortFault(signal) : error;
      const facts = errorFacts(failure);
      output.event("error", facts);
      if (!output.json) output.talk(`copse: ${String(facts["message"])}`);
      return exitCodeOf(failure);
    }
  };

  function addCommand(parent: Command, spec: CommandSpec, run: (context: CommandContext) => Promise<void>): void {
    const command = parent.command(spec.name).description(spec.says);
    for (const argument of spec.takes ?? []) command.argument(argument.form, argument.says);
    for (const option of spec.options) {
      if (option.many)
        command.option(option.form, option.says, (value: string, before?: string[]) => [...(before ?? []), value]);
      else command.option(option.form, option.says);
    }
    command.option("--json", "print JSON, one document a line");
    if (spec.examples.length > 0)
      command.addHelpText("after", `\nExamples:\n${spec.examples.map((line) => `  ${line}`).join("\n")}`);
    command.action(async (...given: unknown[]) => {
      const flags = command.opts<Record<string, unknown>>();
      const json = flags["json"] === true;
      await run({
        args: given.slice(0, spec.takes?.length ?? 0).flatMap((arg) => {
          if (Array.isArray(arg)) return arg as string[];
          return [typeof arg === "string" ? arg : undefined];
        }),
        flags: onlyGiven(command, flags),
        output: createOutput({ json, out: world.out, err: world.err }),
        input: until(world.signal, world.input ?? noInput()),
        writeBytes: world.writeBytes ?? refuseBytes,
        environment: world.environment,
        terminal: world.terminal && !json,
        signal: world.signal,
        version: world.version,
      });
    });
  }
}

async function* noInput(): AsyncGenerator<Uint8Array> {}

/** What comes until the signal fires: nothing may come for long, and nobody shall wait for it then. */
async function* until(signal: AbortSignal, input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = input[Symbol.asyncIterator]();
  const next = (): Promise<IteratorResult<Uint8Array>> =>
    new Promise((resolve, reject) => {
      assertNotAborted(signal);
      const stop = (): void => reject(abortFault(signal));
      signal.addEventListener("abort", stop, { once: true });
      const ended = (): void => signal.removeEventListener("abort", stop);
      chunks.next().then(resolve, reject).finally(ended);
    });
  try {
    for (let step = await next(); step.done !== true; step = await next()) yield step.value;
  } finally {
    // A read that still waits would hold this up.
    if (!signal.aborted) await chunks.return?.();
  }
}

async function refuseBytes(): Promise<void> {
  throw new HostFault("host/store-failed", { operation: "write", reason: "there is no standard output for bytes" });
}

/** Only what was given on the command line, so that the environment and the file can fill the rest. */
function onlyGiven(command: Command, flags: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => command.getOptionValueSource(name) === "cli"));
}

function visit(command: Command, act: (command: Command) => void): void {
  act(command);
  for (const inner of command.commands) visit(inner, act);
}

/** The table of exit codes as text. */
export function exitCodeHelp(): string {
  return Object.entries(exitCodes)
    .map(([code, says]) => `  ${code.padStart(3)}  ${says}`)
    .join("\n");
}
