import { type CarBlock, decodeCar } from "@copse/car";
import type { CidBytes } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import type { Message } from "@copse/types";
import { VmError } from "../errors.ts";
import { gunzip } from "./gunzip.ts";
import { Field, parseJson } from "./json-fields.ts";
import { readMessageOfReference } from "./read-message.ts";

/** A message of a vector, and how it is applied. */
export interface VectorMessage {
  readonly message: Message;
  readonly kind: "explicit" | "implicit";
  /** Bytes that its place on chain is charged for. */
  readonly rawLength: number;
}

/** What must come of a message. What a vector does not tell is `undefined` and not compared. */
export interface ExpectedMessage {
  /** Not to be applied at all: the reference gave an error, and no receipt. */
  readonly refused: string | undefined;
  readonly exitCode: number;
  readonly returnData: Uint8Array;
  readonly gasUsed: bigint;
  readonly eventsRoot: CidBytes | null | undefined;
  /** CBOR of the list of stamped events. */
  readonly events: Uint8Array | undefined;
  readonly outputs: ExpectedOutputs | undefined;
}

/** Where the fee must go. Unit: attoFIL; gas: whole. */
export interface ExpectedOutputs {
  readonly penalty: bigint;
  readonly minerTip: bigint;
  readonly baseFeeBurn: bigint;
  readonly overEstimationBurn: bigint;
  readonly refund: bigint;
  readonly gasRefund: bigint;
  readonly gasBurned: bigint;
}

/** Randomness that was drawn when the vector was made. */
export interface VectorRandomness {
  readonly kind: "chain" | "beacon";
  readonly epoch: number;
  /** The digest before the draw. Size: 32 B. */
  readonly digest: Uint8Array;
}

/** A test vector of class `message`: a state, messages, and what must come of them. */
export interface MessageVector {
  readonly id: string;
  /** Why the reference's runner passes over it. */
  readonly skip: string | undefined;
  readonly networkVersion: number;
  readonly epoch: number;
  readonly chainId: bigint;
  /** Unit: seconds. */
  readonly timestamp: number;
  readonly baseFee: bigint;
  readonly circSupply: bigint;
  /** The bundle it was made with, where it says so. */
  readonly actors: { readonly version: number; readonly network: string } | undefined;
  /** Blocks of the state before, and often of that after, each checked against its CID. */
  readonly blocks: readonly CarBlock[];
  readonly stateRoot: CidBytes;
  readonly messages: readonly VectorMessage[];
  readonly randomness: readonly VectorRandomness[];
  /** Tipsets by epoch; others are not on the vector's chain. */
  readonly tipsetCids: ReadonlyMap<number, CidBytes>;
  readonly expected: { readonly stateRoot: CidBytes; readonly messages: readonly ExpectedMessage[] };
}

/** Most that a vector may hold; the largest known has 2.5 MB of text. Unit: bytes, or items. */
export const vectorLimits: {
  readonly text: number;
  readonly car: number;
  readonly messages: number;
  readonly messageBytes: number;
} = { text: 128 << 20, car: 512 << 20, messages: 10_000, messageBytes: 4 << 20 };

const defaultBaseFee = 100n;
const defaultCircSupply = 2_000_000_000n * 10n ** 18n;
const epochSeconds = 30;
/** A signature of secp256k1, its type and the heads of its CBOR. @see ref-fvm:testing/conformance/src/driver.rs */
const signatureBytes = 69;
const secp256k1 = 1;

/**
 * Reads a vector in the format of fvm-test-vectors, or of the generated ones, which say more. Integers keep every digit.
 *
 * @throws {VmError} `vm/vector-malformed`, `vm/vector-too-long`
 * @throws {CarError} of the CAR in it
 * @see github.com/filecoin-project/test-vectors, schema.json
 * @example
 * const vector = await parseVector(readFileSync("transfer.json", "utf8"));
 */
export async function parseVector(text: string): Promise<MessageVector> {
  if (text.length > vectorLimits.text) {
    throw new VmError("vm/vector-too-long", { field: "the file", limit: vectorLimits.text });
  }
  const json = new Field("", parseJson(text));
  const kind = json.at("class").text();
  if (kind !== "message") throw new VmError("vm/vector-malformed", { field: "class", why: `unknown: ${kind}` });
  const before = json.at("preconditions");
  const variants = before.at("variants").items(16);
  const [variant] = variants;
  if (variant === undefined || variants.length !== 1) throw before.at("variants").malformed("a list of one variant");
  const after = json.at("postconditions");
  const epoch = variant.at("epoch").count();
  const stateRoot = before.at("state_tree").at("root_cid").cid();
  return {
    id: json.at("_meta").at("id").text(),
    skip: json.at("selector").or(undefined, skippedBy),
    networkVersion: variant.at("nv").count(),
    epoch,
    chainId: before.at("chain_id").or(0n, (field) => field.bigint()),
    timestamp: before.at("timestamp").or(epoch * epochSeconds, (field) => field.count()),
    baseFee: before.at("basefee").or(defaultBaseFee, (field) => field.bigint()),
    circSupply: before.at("circ_supply").or(defaultCircSupply, (field) => field.bigint()),
    actors: before.at("actors").or(undefined, readActors),
    blocks: await readBlocks(json.at("car"), stateRoot),
    stateRoot,
    messages: json.at("apply_messages").items(vectorLimits.messages).map(readMessage),
    randomness: json.at("randomness").or([], (field) => field.items(10_000).map(readRandomness)),
    tipsetCids: new Map(
      json
        .at("tipset_cids")
        .or([], (field) =>
          field.items(10_000).map((item) => [item.at("epoch").count(), item.at("cid").cid()] as const),
        ),
    ),
    expected: { stateRoot: after.at("state_tree").at("root_cid").cid(), messages: readExpected(after) },
  };
}

async function readBlocks(field: Field, root: CidBytes): Promise<readonly CarBlock[]> {
  const car = await gunzip(field.name, field.bytes(vectorLimits.text), vectorLimits.car);
  const { roots, blocks } = decodeCar(car, { codecs: "any", requireRoots: false });
  if (roots.some((other) => equalBytes(other, root))) return blocks;
  throw new VmError("vm/vector-malformed", { field: field.name, why: "the state root is none of the CAR's roots" });
}

function readMessage(field: Field): VectorMessage {
  const bytes = field.at("bytes").bytes(vectorLimits.messageBytes);
  let message: Message;
  try {
    message = readMessageOfReference(bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new VmError("vm/vector-malformed", { field: field.at("bytes").name, why }, { cause: error });
  }
  const kind = field.at("kind").or("explicit", (inner) => inner.text());
  if (kind !== "explicit" && kind !== "implicit") throw field.at("kind").malformed("explicit or implicit");
  const signed = message.from[0] === secp256k1 ? signatureBytes : 0;
  const rawLength = field.at("raw_length").or(bytes.length + signed, (inner) => inner.count());
  return { message, kind, rawLength };
}

function readRandomness(field: Field): VectorRandomness {
  const [kind, epoch] = field.at("on").items(2);
  const name = kind?.text();
  if ((name !== "chain" && name !== "beacon") || epoch === undefined) throw field.at("on").malformed("kind and epoch");
  const digest = field.at("ret").bytes(64);
  if (digest.length !== 32) throw field.at("ret").malformed("32 bytes");
  return { kind: name, epoch: epoch.integer(), digest };
}

function readActors(field: Field): MessageVector["actors"] {
  const version = /^v(\d{1,4})$/.exec(field.at("version").text())?.[1];
  if (version === undefined) throw field.at("version").malformed("a version such as v18");
  return { version: Number(version), network: field.at("network").text() };
}

function readExpected(after: Field): ExpectedMessage[] {
  const outputs = after.at("outputs").or([], (field) => field.items(vectorLimits.messages));
  const events = after.at("events").or([], (field) => field.items(vectorLimits.messages));
  return after
    .at("receipts")
    .items(vectorLimits.messages)
    .map((receipt, at) => {
      const refused = receipt.at("error").or(undefined, (field) => field.text());
      const isReceipt = refused === undefined;
      return {
        refused,
        exitCode: isReceipt ? receipt.at("exit_code").count() : 0,
        returnData: isReceipt ? receipt.at("return").or(noBytes, (field) => field.bytes(8 << 20)) : noBytes,
        gasUsed: isReceipt ? receipt.at("gas_used").bigint() : 0n,
        eventsRoot: readEventsRoot(receipt.at("events_root")),
        events: events[at]?.or(undefined, (field) => field.bytes(64 << 20)),
        outputs: isReceipt ? outputs[at]?.or(undefined, readOutputs) : undefined,
      };
    });
}

const noBytes = new Uint8Array(0);

function readEventsRoot(field: Field): CidBytes | null | undefined {
  return field.value === undefined ? undefined : field.or(null, (inner): CidBytes | null => inner.cid());
}

function readOutputs(field: Field): ExpectedOutputs {
  const of = (name: string): bigint => field.at(name).bigint();
  return {
    penalty: of("penalty"),
    minerTip: of("miner_tip"),
    baseFeeBurn: of("base_fee_burn"),
    overEstimationBurn: of("over_estimation_burn"),
    refund: of("refund"),
    gasRefund: of("gas_refund"),
    gasBurned: of("gas_burned"),
  };
}

/** @see ref-fvm:testing/conformance/src/vector.rs Selector::supported */
function skippedBy(selector: Field): string | undefined {
  const is = (name: string, value: string): boolean => selector.at(name).value === value;
  if (is("chaos_actor", "true")) return "it needs the chaos actor, which is in no bundle";
  if (is("requires:consensus_fault_extern", "true")) return "it needs an extern that finds consensus faults";
  if (is("min_protocol_version", "chocolate")) return "it needs network version 14, which no VM of WebAssembly ran";
  return undefined;
}
