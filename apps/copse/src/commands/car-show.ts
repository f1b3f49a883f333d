import { CarError, readCar } from "@copse/car";
import { openCarStore, openFileAccess, openSpill, plainBytes } from "@copse/car/node";
import { type CarReport, verifyCar } from "@copse/car/report";
import { installFastest } from "@copse/crypto/fastest";
import { type CidBytes, toCid, verifyBlock } from "@copse/ipld";
import { openSeenFile } from "@copse/ipld/seen-file";
import { equalBytes } from "@copse/primitives";
import { CID } from "multiformats/cid";
import { NodeError } from "../errors.ts";
import { toJson } from "../output.ts";
import { createProgress } from "../progress.ts";
import { carFacts } from "./car-facts.ts";
import { carLimits, carStoreLimits, needed, openCars, textFlag } from "./car-input.ts";
import type { CommandContext, CommandSpec } from "./command.ts";

const file = { form: "<file>", says: "a CAR file: plain, zstd or .forest.car.zst, told by its bytes" };
const fileOrInput = { ...file, says: `${file.says}; - for standard input` };

/** `copse car info | verify | ls | get` */
export const carViewers: readonly CommandSpec[] = [
  {
    name: "info",
    says: "Tell what a CAR file is: kind, roots, index; without going over it",
    takes: [file],
    options: [],
    examples: ["copse car info mainnet.forest.car.zst", "copse car info mainnet.car --json"],
    run: async (context) => {
      const facts = await carFacts(needed(context, 0), context.signal);
      context.output.answer(facts, () => sentences(facts));
      return 0;
    },
  },
  {
    name: "verify",
    says: "Go over a CAR file: every hash, roots, duplicates, and whether its index finds every block",
    takes: [file],
    options: [],
    examples: ["copse car verify mainnet.forest.car.zst", "copse car verify mainnet.car --json"],
    run: verify,
  },
  {
    name: "ls",
    says: "List the blocks of a CAR: CID, bytes of data, offset of the section in the uncompressed file",
    takes: [fileOrInput],
    options: [{ form: "--no-verify", says: "do not check hashes" }],
    examples: ["copse car ls mainnet.car", "curl -s $URL | copse car ls - --json"],
    run: list,
  },
  {
    name: "get",
    says: "Write the bytes of a block to standard output, read in place where the file allows it",
    takes: [fileOrInput, { form: "<cid>", says: "CID of the block" }],
    options: [{ form: "--index <file>", says: "index in a file of its own, for a plain CAR" }],
    examples: ["copse car get mainnet.forest.car.zst bafy2bzace… > block.cbor"],
    run: get,
  },
];

async function verify(context: CommandContext): Promise<number> {
  await installFastest();
  const name = needed(context, 0);
  const progress = createProgress(context.terminal);
  await using access = await openFileAccess(name);
  using seen = openSeenFile();
  const spill = await openSpill();
  try {
    const report = await verifyCar(access, {
      signal: context.signal,
      seen,
      sort: { spill },
      limits: carLimits,
      onProgress: (read, total, blocks) => progress.update("verify", read, total, `${blocks} blocks`),
    });
    progress.stop();
    const json = reportJson(name, report);
    context.output.answer(json, () => sentences(json));
    return report.isGood ? 0 : 3;
  } finally {
    progress.stop();
    await spill.close();
  }
}

function reportJson(name: string, report: CarReport): Record<string, unknown> {
  const { damage, roots, missingRoots, ...rest } = report;
  return {
    file: name,
    ...rest,
    roots: roots.map(cidText),
    missingRoots: missingRoots.map(cidText),
    codecs: tallies(report.codecs),
    hashes: tallies(report.hashes),
    damage: damage && { code: damage.code, message: damage.message },
  };
}

/** By number in hexadecimal, as multicodec's table has them. */
function tallies(of: CarReport["codecs"]): Record<string, unknown> {
  return Object.fromEntries(
    [...of].sort(([a], [b]) => a - b).map(([code, tally]) => [`0x${code.toString(16)}`, tally]),
  );
}

async function list(context: CommandContext): Promise<number> {
  const verified = context.flags["verify"] !== false;
  const options = { stage: "list", verify: verified, requireRoots: false };
  const [car] = await openCars(context, [needed(context, 0)], options);
  if (car === undefined) return 0;
  await using opened = car;
  for await (const batch of opened.batches) {
    const lines = batch.map((block) => {
      const cid = cidText(block.cid);
      const offset = "offset" in block ? block.offset : undefined;
      const bytes = block.bytes.length;
      return context.output.json ? toJson({ cid, bytes, offset }) : `${cid} ${bytes} ${offset}`;
    });
    // As bytes: standard output then says when it has taken them.
    await context.writeBytes(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
  }
  return 0;
}

async function get(context: CommandContext): Promise<number> {
  await installFastest();
  const [name, text] = [needed(context, 0), needed(context, 1)];
  const cid = parseCid(text);
  const bytes = await find(context, name, cid);
  if (bytes === undefined) throw new NodeError("copse/block-absent", { cid: text, file: name });
  if (context.output.json) context.output.answer({ cid: text, bytes }, () => "");
  else await context.writeBytes(bytes);
  return 0;
}

async function find(context: CommandContext, name: string, cid: CidBytes): Promise<Uint8Array | undefined> {
  const { signal } = context;
  const options = { signal, limits: carLimits };
  if (name !== "-" && (await isInPlace(name, signal))) {
    const index = textFlag(context, "index");
    await using store = await openCarStore(name, { signal, ...carStoreLimits, index });
    return await store.getBytes(cid, { signal });
  }
  // What is compressed as a whole, or comes by a pipe, is gone over until the block comes.
  await using access = name === "-" ? undefined : await openFileAccess(name);
  const source = access === undefined ? context.input : chunksOf(access);
  const car = await readCar(plainBytes(source), { ...options, codecs: "any", requireRoots: false, verify: false });
  for await (const block of car.blocks) {
    if (!equalBytes(block.cid, cid)) continue;
    // Only this one is hashed: the others are passed over.
    if (verifyBlock(block.cid, block.bytes)) return Uint8Array.from(block.bytes);
    const facts = { offset: block.offset, section: undefined, cid: cidText(cid) };
    throw new CarError("car/block-mismatch", facts);
  }
  return undefined;
}

async function* chunksOf(access: { readonly size: number; read(offset: number, length: number): Promise<Uint8Array> }) {
  for (let at = 0; at < access.size; at += 1 << 20) yield access.read(at, Math.min(1 << 20, access.size - at));
}

async function isInPlace(name: string, signal: AbortSignal): Promise<boolean> {
  const { kind } = await carFacts(name, signal);
  return kind !== "CARv1.zst" && kind !== "CARv2.zst";
}

function parseCid(text: string): CidBytes {
  try {
    return CID.parse(text).bytes;
  } catch (error) {
    throw new NodeError(
      "copse/option-malformed",
      { option: "argument", value: text, expected: "a CID" },
      { cause: error },
    );
  }
}

/** A document as lines of `name: value`. */
function sentences(facts: object): string {
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0))
    .map(
      ([name, value]) =>
        `${name}: ${Array.isArray(value) && value.every((v) => typeof v === "string") ? value.join(" ") : typeof value === "object" ? toJson(value) : value}`,
    )
    .join("\n");
}

const cidText = (cid: CidBytes): string => toCid(Uint8Array.from(cid)).toString();
