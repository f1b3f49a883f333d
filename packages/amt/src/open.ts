import { CborReader, type CidBytes, type Codec, type Fetching } from "@copse/ipld";
import { Amt } from "./amt.ts";
import { decodeNode } from "./decode-node.ts";
import { AmtError } from "./errors.ts";
import { type AmtOptions, capacity, layoutOf } from "./layout.ts";
import { emptyNode } from "./node.ts";
import { Trunk } from "./trunk.ts";

/**
 * An empty AMT.
 *
 * @throws {AmtError} `amt/bit-width-unsupported`
 * @example
 * createAmt(linkCodec, { version: 3, bitWidth: 5 }).count // => 0n
 */
export function createAmt<V>(codec: Codec<V>, options: AmtOptions): Amt<V> {
  const layout = layoutOf(options.version, options.bitWidth);
  return new Amt(new Trunk(codec, layout, 0, 0n, emptyNode(layout, 0)));
}

/**
 * Opens the AMT of a root.
 *
 * @throws {AmtError} `amt/bit-width-unsupported`, `amt/bit-width-wrong` when `options.bitWidth` is another,
 * `amt/height-too-large`, `amt/count-too-large`, or its node is none
 * @see go-amt-ipld:amt.go LoadAMT, go-amt-ipld:v2.1.0 amt.go LoadAMT
 * @example
 * const receipts = runSync(loadAmt(header.parentMessageReceipts, receiptCodec, { version: 0 }), store);
 */
export function* loadAmt<V>(root: CidBytes, codec: Codec<V>, options: AmtOptions): Fetching<Amt<V>> {
  const { version } = options;
  const block: Uint8Array = yield root;
  const reader = new CborReader(block.slice());
  reader.array(version === 0 ? 3 : 4);
  const layout = layoutOf(version, version === 0 ? options.bitWidth : reader.safeUint());
  if (options.bitWidth !== undefined && options.bitWidth !== layout.bitWidth) {
    throw new AmtError("amt/bit-width-wrong", { bitWidth: layout.bitWidth, expected: options.bitWidth });
  }
  const height = reader.safeUint();
  if (height > layout.maxHeight) throw new AmtError("amt/height-too-large", { height, limit: layout.maxHeight });
  const count = reader.uint();
  const limit = capacity(layout, height);
  if (count > limit) throw new AmtError("amt/count-too-large", { count, limit });
  const node = decodeNode(reader, layout, height, height === 0 || version === 0);
  reader.end();
  return new Amt(new Trunk(codec, layout, height, count, node, root.slice()));
}
