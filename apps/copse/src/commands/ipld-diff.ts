import { diffAmt, loadAmt, maxBitWidth } from "@copse/amt";
import { diffHamt, type HamtVersion, textKeys, uintKeys } from "@copse/hamt";
import { CborWriter, type CidBytes, type Codec, runSync } from "@copse/ipld";
import { DagDiff, formatDagJson } from "@copse/ipld/walk";
import { assertNotAborted, toHex } from "@copse/primitives";
import { NodeError } from "../errors.ts";
import { countFlag, textFlag } from "./car-input.ts";
import type { CommandContext, OptionSpec } from "./command.ts";
import type { IpldSource } from "./ipld-source.ts";
import { createLines } from "./lines.ts";

/** Options of `copse ipld diff`. */
export const diffOptions: readonly OptionSpec[] = [
  { form: "--hamt", says: "compare the entries of two HAMTs" },
  { form: "--amt", says: "compare the entries of two AMTs" },
  { form: "--form <n>", says: "form of the tree: 0, 2 or 3 for a HAMT, 0 or 3 for an AMT (default: 3)" },
  {
    form: "--bit-width <n>",
    says: "slots of a node are 2 to this power (default: 5 for a HAMT; an AMT of form 3 tells)",
  },
  { form: "--keys <kind>", says: "keys of a HAMT: hex, text or uint (default: hex)" },
];

/** A place, key or index at which two DAGs differ; values as DAG-JSON. */
interface Change {
  readonly path: readonly string[];
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Writes what differs between two blocks: one line a change. */
export async function showDiff(
  context: CommandContext,
  source: IpldSource,
  before: CidBytes,
  after: CidBytes,
): Promise<number> {
  const lines = createLines(context.writeBytes);
  let count = 0;
  for (const change of changesOf(context, source, before, after)) {
    count++;
    lines.add(context.output.json ? changeJson(change) : changeText(change));
    await lines.turn();
    assertNotAborted(context.signal);
  }
  await lines.end();
  context.output.talk(count === 0 ? "no differences" : `${count} differences`);
  return 0;
}

function changesOf(context: CommandContext, source: IpldSource, a: CidBytes, b: CidBytes): Iterable<Change> {
  const { hamt, amt } = context.flags;
  if (hamt === true && amt === true) {
    throw new NodeError("copse/option-malformed", {
      option: "--amt",
      value: "true",
      expected: "not given with --hamt",
    });
  }
  if (hamt === true) return hamtChanges(context, source, a, b);
  return amt === true ? amtChanges(context, source, a, b) : dagChanges(source, a, b);
}

function* dagChanges({ store }: IpldSource, a: CidBytes, b: CidBytes): Generator<Change> {
  for (const { path, before, after, isCbor } of new DagDiff(a, b).changes(store)) {
    const shown = (value: Uint8Array | undefined): string | undefined => value && valueJson(value, isCbor);
    yield { path, before: shown(before), after: shown(after) };
  }
}

function* hamtChanges(context: CommandContext, { store }: IpldSource, a: CidBytes, b: CidBytes): Generator<Change> {
  const kind = textFlag(context, "keys") ?? "hex";
  const show = keyKinds[kind];
  if (show === undefined) {
    const expected = `one of ${Object.keys(keyKinds).join(", ")}`;
    throw new NodeError("copse/option-malformed", { option: "--keys", value: kind, expected });
  }
  const version = formFlag(context, [0, 2, 3]) as HamtVersion;
  const options = { version, bitWidth: countFlag(context, "bitWidth", 1, 8) };
  for (const change of diffHamt(a, b, cborCodec, options).changes(store)) {
    const before = change.kind === "added" ? undefined : formatDagJson(change.before);
    const after = change.kind === "removed" ? undefined : formatDagJson(change.after);
    yield { path: [show(change.key)], before, after };
  }
}

function* amtChanges(context: CommandContext, { store }: IpldSource, a: CidBytes, b: CidBytes): Generator<Change> {
  const options = {
    version: formFlag(context, [0, 3]) as 0 | 3,
    bitWidth: countFlag(context, "bitWidth", 1, maxBitWidth),
  };
  const [before, after] = [a, b].map((root) => runSync(loadAmt(root, cborCodec, options), store));
  const diff = diffAmt(before as NonNullable<typeof before>, after as NonNullable<typeof after>);
  for (const change of diff.changes(store)) {
    const shown = (value: Uint8Array | undefined): string | undefined => value && formatDagJson(value);
    yield { path: [String(change.index)], before: shown(change.before), after: shown(change.after) };
  }
}

/** A value as its own CBOR. */
const cborCodec: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip().slice(),
};

const keyKinds: Readonly<Record<string, (key: Uint8Array) => string>> = {
  hex: toHex,
  text: textKeys.decode,
  uint: (key) => String(uintKeys.decode(key)),
};

function formFlag(context: CommandContext, forms: readonly number[]): number {
  const form = countFlag(context, "form", 0, 3) ?? 3;
  if (forms.includes(form)) return form;
  const expected = `one of ${forms.join(", ")}`;
  throw new NodeError("copse/option-malformed", { option: "--form", value: String(form), expected });
}

function valueJson(value: Uint8Array, isCbor: boolean): string {
  return formatDagJson(isCbor ? value : new CborWriter().bytes(value).finish());
}

function changeText({ path, before, after }: Change): string {
  const place = path.length === 0 ? "/" : path.join("/");
  if (before === undefined) return `+ ${place} ${after}`;
  return after === undefined ? `- ${place} ${before}` : `~ ${place} ${before} → ${after}`;
}

function changeJson({ path, before, after }: Change): string {
  const kind = before === undefined ? "added" : after === undefined ? "removed" : "changed";
  const values = [before && `"before":${before}`, after && `"after":${after}`].filter((part) => part !== undefined);
  return `${JSON.stringify({ kind, path }).slice(0, -1)},${values.join(",")}}`;
}
