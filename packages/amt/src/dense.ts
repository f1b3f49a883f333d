import { CborWriter, type CidBytes, type Codec, cidOf } from "@copse/ipld";
import { type AmtOptions, type Layout, layoutOf } from "./layout.ts";
import type { AmtFlush } from "./trunk.ts";

/**
 * The AMT of a list without gaps: the root that setting one value after another would give, made level by level.
 *
 * This is the hot path of message and receipt roots. Cost: a hash a node; each value is encoded once.
 *
 * @throws {AmtError} `amt/bit-width-unsupported`
 * @example
 * toCid(amtRoot([], linkCodec, { version: 0 }).root).toString()
 * // => "bafy2bzacedswlcz5ddgqnyo3sak3jmhmkxashisnlpq6ujgyhe4mlobzpnhs6"
 */
export function amtRoot<V>(values: readonly V[], codec: Codec<V>, options: AmtOptions): AmtFlush {
  const layout = layoutOf(options.version, options.bitWidth);
  const { width } = layout;
  const writer = new CborWriter(1024);
  const full = firstBits(layout, width);
  const blocks: [CidBytes, Uint8Array][] = [];
  const finish = (): CidBytes => {
    const block = writer.finish();
    const cid = cidOf(block);
    blocks.push([cid, block]);
    return cid;
  };

  let height = 0;
  let links: CidBytes[] = [];
  if (values.length > width) {
    for (let start = 0; start < values.length; start += width) {
      writeLeaf(writer, layout, full, values, codec, start);
      links.push(finish());
    }
    for (height = 1; links.length > width; height++) {
      const above: CidBytes[] = [];
      for (let start = 0; start < links.length; start += width) {
        writeBranch(writer, layout, full, links, start);
        above.push(finish());
      }
      links = above;
    }
  }
  if (layout.version === 0) writer.array(3);
  else writer.array(4).uint(layout.bitWidth);
  writer.uint(height).uint(values.length);
  if (height === 0) writeLeaf(writer, layout, full, values, codec, 0);
  else writeBranch(writer, layout, full, links, 0);
  return { root: finish(), blocks };
}

function writeLeaf<V>(
  writer: CborWriter,
  layout: Layout,
  full: Uint8Array,
  values: readonly V[],
  codec: Codec<V>,
  start: number,
): void {
  const items = Math.min(layout.width, values.length - start);
  writer.array(3).bytes(items === layout.width ? full : firstBits(layout, items));
  writer.array(0).array(items);
  for (let i = start; i < start + items; i++) codec.encode(writer, values[i] as V);
}

function writeBranch(
  writer: CborWriter,
  layout: Layout,
  full: Uint8Array,
  links: readonly CidBytes[],
  start: number,
): void {
  const items = Math.min(layout.width, links.length - start);
  writer.array(3).bytes(items === layout.width ? full : firstBits(layout, items));
  writer.array(items);
  for (let i = start; i < start + items; i++) writer.link(links[i] as CidBytes);
  writer.array(0);
}

/** A bitmap of the first slots. */
function firstBits(layout: Layout, items: number): Uint8Array {
  const bitmap = new Uint8Array(layout.bitmapLength);
  bitmap.fill(0xff, 0, items >> 3);
  if (items & 7) bitmap[items >> 3] = (1 << (items & 7)) - 1;
  return bitmap;
}
