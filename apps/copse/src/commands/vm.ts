import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { gunzipSync } from "node:zlib";
import { fakedSays, parseVectorTrace, type VectorResult } from "@copse/vm/conformance";
import { modulesFolder, runConformance, VectorThread } from "@copse/vm/node";
import { differenceLines, diffTraces, type TraceDifference, traceLines } from "@copse/vm/trace";
import { NodeError } from "../errors.ts";
import { createProgress } from "../progress.ts";
import { actorsFolder, actorsOption } from "../vm/actors-folder.ts";
import { reportJson, resultJson, whyText } from "../vm/vector-output.ts";
import { countFlag, needed, textFlag } from "./car-input.ts";
import type { CommandContext, CommandSpec } from "./command.ts";
import { vmMessageCommand } from "./vm-message.ts";

const proofs = `proofs are faked: ${fakedSays}`;

/** `copse vm …` */
export const vmCommands: readonly CommandSpec[] = [
  {
    name: "run",
    says: "Run a test vector, and compare receipt, gas and state root with what it says; proofs are faked",
    takes: [{ form: "<vector>", says: "a JSON file in the format of fvm-test-vectors" }],
    options: [
      actorsOption,
      { form: "--trace", says: "print every charge of gas, in order" },
      {
        form: "--against <file>",
        says: "tell the first charge that differs from a trace of the reference, plain or gzip",
      },
    ],
    examples: ["copse vm run vector.json", "copse vm run vector.json --trace --json | jq .messages[0].trace"],
    run: runOne,
  },
  vmMessageCommand,
  {
    name: "conformance",
    says: "Run all test vectors of a folder, on all cores; exit code 1 if one fails; proofs are faked",
    options: [
      { form: "--vectors <dir>", says: "the folder, or one vector" },
      actorsOption,
      { form: "--workers <n>", says: "threads (default: cores)" },
    ],
    examples: ["copse vm conformance --vectors fvm-test-vectors/corpus/extracted"],
    run: conformance,
  },
];

async function runOne(context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const [wantsTrace, against] = [context.flags["trace"] === true, textFlag(context, "against")];
  const thread = new VectorThread({ actors: actorsFolder(context), modules: modulesFolder(context.environment) });
  const stop = (): void => thread.close();
  signal.addEventListener("abort", stop, { once: true });
  const { report, result } = await thread.run({ path: needed(context, 0), trace: true, force: true }).finally(() => {
    signal.removeEventListener("abort", stop);
    stop();
  });
  signal.throwIfAborted();
  const difference = against === undefined ? undefined : firstDifference(result, against);
  const names = ["here", against ?? ""] as const;
  const messages = result?.messages.map((message) => (wantsTrace ? message : { ...message, trace: undefined })) ?? [];
  const shown = result && { ...result, messages };
  output.answer({ ...resultJson(report, shown), difference, proofs }, () => {
    const lines = messages.flatMap(({ actual, trace }, at) => [
      ...traceLines(trace ?? []),
      actual.refused === undefined
        ? `message ${at}: exit code ${actual.exitCode}, gas used ${actual.gasUsed}, return 0x${Buffer.from(actual.returnData).toString("hex")}`
        : `message ${at}: not applied: ${actual.refused}`,
      ...(actual.failure === undefined ? [] : [`message ${at}: ${actual.failure}`]),
    ]);
    if (against !== undefined && difference === undefined) lines.push("every charge is equal");
    if (difference !== undefined) lines.push(...differenceLines(difference, names));
    return [proofs, ...lines, `${report.outcome} ${report.id ?? report.path} ${whyText(report)}`.trimEnd()].join("\n");
  });
  return report.outcome === "passed" && difference === undefined ? 0 : 1;
}

/** The first charge that is not as in the reference's trace, of all messages one after another. */
function firstDifference(result: VectorResult | undefined, file: string): TraceDifference | undefined {
  const bytes = readFileSync(file);
  const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString("utf8");
  const ours = result?.messages.flatMap(({ trace }) => trace ?? []) ?? [];
  return diffTraces(ours, parseVectorTrace(text).flat());
}

async function conformance(context: CommandContext): Promise<number> {
  const { output, signal, terminal } = context;
  const vectors = textFlag(context, "vectors");
  if (vectors === undefined) throw new NodeError("copse/command-malformed", { why: "--vectors <dir> is missing" });
  const workers = countFlag(context, "workers", 1, 256);
  const count = { passed: 0, failed: 0, skipped: 0 };
  const byVersion = new Map<number, { passed: number; failed: number; skipped: number }>();
  let isActorAbsent = false;
  const progress = createProgress(terminal);
  const note = (): string => `${count.failed} failed`;
  const onProgress = (done: number, total: number): void => progress.update("vectors", done, total, note());
  if (!output.json) output.answer(undefined, () => proofs);
  try {
    for await (const report of runConformance({
      vectors,
      actors: actorsFolder(context),
      modules: modulesFolder(context.environment),
      workers,
      signal,
      onProgress,
    })) {
      count[report.outcome]++;
      if (report.networkVersion !== undefined) {
        const row = byVersion.get(report.networkVersion) ?? { passed: 0, failed: 0, skipped: 0 };
        row[report.outcome]++;
        byVersion.set(report.networkVersion, row);
      }
      if (report.outcome === "passed") continue;
      isActorAbsent ||= report.code === "vm/bundle-absent";
      const name = relative(vectors, report.path) || report.path;
      progress.stop(); // it comes back with the next vector
      output.event("vector", reportJson(report), `${report.outcome} ${name}: ${whyText(report)}`);
    }
  } finally {
    progress.stop();
  }
  if (isActorAbsent) output.talk('bundles of actors are missing: "copse actors fetch VERSION" brings one');
  const { passed, failed, skipped } = count;
  if (passed + failed + skipped === 0) throw new NodeError("copse/absent", { what: `vector in ${vectors}` });
  const sentence = `${passed} passed, ${failed} failed, ${skipped} skipped`;
  output.event("done", { passed, failed, skipped, networkVersions: byVersion, proofs }, sentence);
  return failed === 0 ? 0 : 1;
}
