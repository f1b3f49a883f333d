import { CborReader, type CidBytes, codecs, readCid, toCid, verifyBlock } from "@copse/ipld";
import { equalBytes, isCopseError, readUvarint } from "@copse/primitives";
import type { CID } from "multiformats/cid";
import { NodeError } from "../errors.ts";
import type { BytePuller } from "./byte-puller.ts";

/** The F3 data of a snapshot CAR: its CID as the metadata tells it, and its bytes, which nobody has hashed yet. */
export interface CarF3Data {
  readonly cid: CID;
  readonly bytes: number;
  readonly source: AsyncIterable<Uint8Array>;
}

/** Longest header of a CAR, and longest metadata: both hold a few CIDs. */
const mostHeadBytes = 1 << 20;
/** Longest section of F3 data, as Forest has it. */
const mostF3Bytes = 16 * 2 ** 30;
const longestCid = 128;

/**
 * Finds the F3 data of a snapshot of version 2, which is the second block: what follows is never read.
 *
 * @throws {NodeError} `copse/absent` where the snapshot holds none, `copse/snapshot-malformed`
 * @see FIPs:FRCs/frc-0108.md
 */
export async function findF3Data(car: BytePuller, file: string): Promise<CarF3Data> {
  const malformed = (why: string): NodeError => new NodeError("copse/snapshot-malformed", { file, why });
  const none = (why: string): NodeError => new NodeError("copse/absent", { what: `F3 data in ${file}: ${why}` });
  try {
    const header = await car.take(await sectionLength(car, mostHeadBytes));
    const { version, roots } = decodeHeader(header);
    if (version !== 1) throw malformed(`a CAR of version ${version}: snapshots are of version 1`);
    if (roots.length !== 1) throw none("it is a snapshot of version 1");
    const head = await car.take(await sectionLength(car, mostHeadBytes));
    const { end } = readCid(head);
    const [cid, block] = [head.subarray(0, end), head.subarray(end)];
    if (!equalBytes(cid, roots[0] as CidBytes)) throw none("it does not begin with metadata");
    if (!verifyBlock(cid, block)) throw malformed("its first block does not hash to its CID");
    // A map of three: anything else is the header of a block, in a snapshot of version 1 with one head.
    if (block[0] !== 0xa3) throw none("it is a snapshot of version 1");
    const told = decodeMetadata(block);
    if (told === undefined) throw none("its metadata names none");
    const length = await sectionLength(car, mostF3Bytes);
    const start = await car.peek(longestCid);
    const found = start.subarray(0, readCid(start).end);
    if (!equalBytes(found, told))
      throw malformed(`its second block is ${toCid(found)}, not its F3 data ${toCid(told)}`);
    if (length < found.length) throw malformed("its F3 data is shorter than its CID");
    await car.take(found.length);
    const bytes = length - found.length;
    return { cid: toCid(Uint8Array.from(told)), bytes, source: car.stream(bytes) };
  } catch (error) {
    await car.close();
    if (isCopseError(error, "cbor/") || isCopseError(error, "cid/") || isCopseError(error, "varint/")) {
      throw new NodeError("copse/snapshot-malformed", { file, why: error.message }, { cause: error });
    }
    throw error;
  }

  async function sectionLength(from: BytePuller, limit: number): Promise<number> {
    const { value, end } = readUvarint(await from.peek(10));
    if (value > limit) throw malformed(`a section of ${value} B, limit ${limit} B`);
    await from.take(end);
    return Number(value);
  }
}

function decodeHeader(bytes: Uint8Array): { readonly version: number; readonly roots: readonly CidBytes[] } {
  const reader = new CborReader(bytes);
  let version = 0;
  let roots: CidBytes[] = [];
  for (let left = reader.map(16); left > 0; left--) {
    const key = reader.text(16);
    if (key === "version") version = reader.safeUint();
    else if (key === "roots") roots = Array.from({ length: reader.array() }, () => reader.link());
    else reader.skip();
  }
  reader.end();
  return { version, roots };
}

/** The CID of the F3 data, if it is named. Shape: map of `F3Data`, `Version` (2) and `HeadTipsetKey`. */
function decodeMetadata(bytes: Uint8Array): CidBytes | undefined {
  const reader = new CborReader(bytes);
  let data: CidBytes | undefined;
  for (let left = reader.map(16); left > 0; left--) {
    if (reader.text(64) === "F3Data") data = reader.null() ? undefined : reader.link();
    else reader.skip();
  }
  reader.end();
  return data === undefined || data[1] === codecs.raw ? data : undefined;
}
