import { CborReader, CborWriter, type CidBytes } from "@copse/ipld";
import { bigintToBytes, bytesToBigint, concatBytes } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { helloProtocol } from "./protocols.ts";
import { strictReading } from "./strict-reading.ts";

const { reading, malformed } = strictReading(helloProtocol);

/** Most bytes of a hello. @see forest src/libp2p/hello/codec.rs */
export const maxHelloBytes = 4096;
/** Most bytes of its answer. Lotus writes 19; room for nothing else. @see forest src/libp2p/hello/codec.rs */
export const maxHelloAnswerBytes = 32;
/** Most blocks that a head may name. */
const maxHeadBlocks = 64;
/** Most bytes of a big integer. @see lotus go-state-types big.BigIntMaxSerializedLen */
const maxBigintBytes = 128;

/**
 * What a peer says of its chain.
 *
 * Shape: `[[CID…] heaviest tipset, int height, bigint weight, CID genesis]`.
 */
export interface Hello {
  readonly head: TipsetKey;
  readonly height: number;
  /** Lotus: weight of the head itself; Forest: its parents' weight. For ranking only. */
  readonly weight: bigint;
  readonly genesis: CidBytes;
}

/** When hello arrived and when its answer left, in Unix nanoseconds of the answering side. Shape: `[int, int]`. */
export interface HelloAnswer {
  readonly arrival: bigint;
  readonly sent: bigint;
}

/** The bytes of a hello. */
export function encodeHello(hello: Hello): Uint8Array {
  const cids = TipsetKey.cidBytes(hello.head);
  const writer = new CborWriter().array(4).array(cids.length);
  for (const cid of cids) writer.link(cid);
  return writer.int(hello.height).bytes(signed(hello.weight)).link(hello.genesis).finish();
}

/**
 * Reads a hello.
 *
 * @throws {NetworkError} `network/message-malformed`
 */
export function decodeHello(bytes: Uint8Array): Hello {
  return reading("hello", () => {
    const reader = new CborReader(bytes);
    reader.array(4);
    const head: CidBytes[] = [];
    for (let left = reader.array(undefined, maxHeadBlocks); left > 0; left--) head.push(reader.link());
    const height = reader.safeInt();
    const weight = unsigned(reader.bytes(maxBigintBytes));
    const genesis = Uint8Array.from(reader.link());
    reader.end();
    return { head: concatBytes(...head) as TipsetKey, height, weight, genesis };
  });
}

/** The bytes of an answer to hello. */
export function encodeHelloAnswer(answer: HelloAnswer): Uint8Array {
  return new CborWriter().array(2).int(answer.arrival).int(answer.sent).finish();
}

/**
 * Reads an answer to hello.
 *
 * @throws {NetworkError} `network/message-malformed`
 */
export function decodeHelloAnswer(bytes: Uint8Array): HelloAnswer {
  return reading("answer to hello", () => {
    const reader = new CborReader(bytes);
    reader.array(2);
    const answer = { arrival: reader.int(), sent: reader.int() };
    reader.end();
    return answer;
  });
}

/** A big integer's chain form: empty for 0, else a sign byte and the magnitude. */
function signed(value: bigint): Uint8Array {
  return value === 0n ? new Uint8Array() : concatBytes(Uint8Array.of(value < 0n ? 1 : 0), bigintToBytes(value));
}

function unsigned(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  if ((bytes[0] as number) > 1) throw malformed("hello", `sign byte ${bytes[0]}`);
  const magnitude = bytesToBigint(bytes.subarray(1));
  return bytes[0] === 1 ? -magnitude : magnitude;
}
