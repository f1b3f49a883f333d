import { CborWriter, type CidBytes, readCid, toCid } from "@copse/ipld";
import { openSeenFile } from "@copse/ipld/seen-file";
import {
  everyBlockPolicy,
  forestPolicy,
  formatDagJson,
  lotusPolicy,
  type WalkCounts,
  type WalkPolicy,
  type WalkRunOptions,
  walkSync,
} from "@copse/ipld/walk";
import { NodeError } from "../errors.ts";
import { createProgress } from "../progress.ts";
import { needed, textFlag } from "./car-input.ts";
import type { CommandContext, CommandSpec } from "./command.ts";
import { diffOptions, showDiff } from "./ipld-diff.ts";
import { type IpldSource, openSource, parseTarget, resolveBlock, resolveTarget, sourceOptions } from "./ipld-source.ts";
import { createLines } from "./lines.ts";

const target = { form: "<cid>", says: "CID of a block, with a path if need be: bafy2bzace…/b/0" };

/** `copse ipld …` */
export const ipldCommands: readonly CommandSpec[] = [
  {
    name: "get",
    says: "Show a block, or what a path from it leads to, as DAG-JSON",
    takes: [target],
    options: [
      { form: "--path <path>", says: "keys and indexes between slashes; links take none" },
      { form: "--link", says: "show a link at the end of the path, not the block it leads to" },
      { form: "--raw", says: "write the bytes as they are: CBOR, or what else the block is" },
      ...sourceOptions,
    ],
    examples: [
      "copse ipld get bafy2bzace… --path 8/1/0 --from snapshot.car.zst",
      "copse ipld get bafy2bzace… --raw > block.cbor",
    ],
    run: get,
  },
  {
    name: "walk",
    says: "List every block that can be reached from a root, in the order of snapshots: CID, depth, bytes",
    takes: [{ form: "[cid]", says: `${target.says} (default: the roots of the file)` }],
    options: [
      { form: "--policy <name>", says: "all, forest or lotus: which blocks are given and looked into (default: all)" },
      { form: "--allow-missing", says: "go on where a block is not there, and list it as missing" },
      { form: "--count", says: "tell how many there are, and how large, and no more" },
      ...sourceOptions,
    ],
    examples: ["copse ipld walk --from snapshot.car.zst --count", "copse ipld walk bafy2bzace…/8 --json"],
    run: walk,
  },
  {
    name: "diff",
    says: "Tell what differs between two DAGs; blocks that both have are not read",
    takes: [
      { ...target, form: "<before>" },
      { ...target, form: "<after>" },
    ],
    options: [...diffOptions, ...sourceOptions],
    examples: [
      "copse ipld diff bafy2bzace… bafy2bzace… --from snapshot.car.zst",
      "copse ipld diff bafy2bzace…/1 bafy2bzace…/1 --hamt --json",
    ],
    run: async (context) => {
      await using source = await openSource(context);
      const [before, after] = [0, 1].map((at) => resolveBlock(source, parseTarget(needed(context, at))));
      return await showDiff(context, source, before as CidBytes, after as CidBytes);
    },
  },
];

async function get(context: CommandContext): Promise<number> {
  await using source = await openSource(context);
  const { root, path } = parseTarget(needed(context, 0), textFlag(context, "path"));
  const found = resolveTarget(source, { root, path }, context.flags["link"] !== true);
  const { cid, offset, value } = found;
  if (context.flags["raw"] === true) {
    await context.writeBytes(value);
    return 0;
  }
  const json = formatDagJson(isCbor(cid) ? value : new CborWriter().bytes(value).finish());
  const place = JSON.stringify({ cid: toCid(cid).toString(), offset, bytes: value.length }).slice(0, -1);
  await context.writeBytes(Buffer.from(context.output.json ? `${place},"value":${json}}\n` : `${json}\n`));
  return 0;
}

function isCbor(cid: CidBytes): boolean {
  const { codec } = readCid(cid);
  return codec === 0x71 || codec === 0x51;
}

const policies: Readonly<Record<string, WalkPolicy>> = {
  all: everyBlockPolicy,
  forest: forestPolicy,
  lotus: lotusPolicy,
};

async function walk(context: CommandContext): Promise<number> {
  await using source = await openSource(context);
  const roots = rootsOf(context, source);
  const name = textFlag(context, "policy") ?? "all";
  const policy = policies[name];
  if (policy === undefined) {
    const expected = `one of ${Object.keys(policies).join(", ")}`;
    throw new NodeError("copse/option-malformed", { option: "--policy", value: name, expected });
  }
  const isListed = context.flags["count"] !== true;
  const { json } = context.output;
  const lines = createLines(context.writeBytes);
  const progress = createProgress(context.terminal);
  using seen = openSeenFile();
  const options: WalkRunOptions = {
    policy,
    seen,
    signal: context.signal,
    missing: context.flags["allowMissing"] === true ? "skip" : "fail",
    onMissing(cid, depth) {
      const text = toCid(cid).toString();
      if (isListed) lines.add(json ? JSON.stringify({ cid: text, depth, missing: true }) : `${text} ${depth} missing`);
    },
    onProgress: ({ blocks, bytes }) => progress.update("walk", blocks, blocks, `${Math.round(bytes / 1e6)} MB`),
  };
  let counts: WalkCounts;
  try {
    const steps = walkSync(roots, source.store, options);
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) {
        counts = step.value;
        break;
      }
      const { cid, bytes, depth } = step.value;
      const text = isListed ? toCid(cid).toString() : "";
      if (isListed)
        lines.add(
          json ? JSON.stringify({ cid: text, depth, bytes: bytes.length }) : `${text} ${depth} ${bytes.length}`,
        );
      await lines.turn();
    }
    await lines.end();
  } finally {
    progress.stop();
  }
  const { blocks, bytes, missing, skipped } = counts;
  const sentence = `${blocks} blocks, ${bytes} B, ${missing} missing, ${skipped} links left alone`;
  if (isListed) context.output.talk(sentence);
  else context.output.answer(counts, () => sentence);
  return 0;
}

function rootsOf(context: CommandContext, source: IpldSource): readonly CidBytes[] {
  const [text] = context.args;
  if (text !== undefined) return [resolveBlock(source, parseTarget(text))];
  if (source.roots.length > 0) return source.roots;
  throw new NodeError("copse/command-malformed", { why: "no CID is given, and no file that names a root" });
}
