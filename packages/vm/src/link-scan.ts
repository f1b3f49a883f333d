import { cidKey } from "@copse/ipld";
import { blockCodecs, hashCodes, readMachineCid } from "./cids.ts";
import type { PriceList } from "./gas/price-table.ts";
import type { GasTracker } from "./gas/tracker.ts";
import { OutOfGas, SyscallError } from "./syscall-error.ts";

const none: readonly string[] = [];

/**
 * The links of a block that an actor opens or makes, as keys of `cidKey` in the order of the block, and charges for the
 * scan: a head of CBOR is a field, a link is a link. Only DAG-CBOR has links.
 *
 * Links to sectors are passed over. What a CID holds itself is scanned in place. A link to anything else that no block
 * can have is refused. All is paid for in one charge when the scan is done, also a scan that failed.
 *
 * Cost: one pass; a link is one string.
 *
 * @throws {OutOfGas}
 * @throws {SyscallError} Serialization, NotFound, IllegalCodec
 * @see ref-fvm:fvm/src/ipld, FIP-0071
 */
export function scanLinks(prices: PriceList, gas: GasTracker, codec: number, block: Uint8Array): readonly string[] {
  const scan = new Scan();
  const refusal = scan.block(codec, block);
  const cost = scan.fields * prices.scanField + scan.cids * prices.scanLink;
  if (gas.trace !== undefined && BigInt(cost) > gas.available) {
    // the reference stops where it has no more, and names that much
    gas.charge("OnScanIpldLinks", Number(gas.available));
    throw new OutOfGas();
  }
  gas.charge("OnScanIpldLinks", cost);
  if (refusal !== undefined) throw refusal;
  return scan.links;
}

/** Counts below this are added to what is left without a second thought: 2^32 of them stay a safe integer. */
const fewItems = 2 ** 20;
const maxItems = 2n ** 64n - 1n;

const malformed = (why: string): SyscallError => new SyscallError("Serialization", why);

class Scan {
  fields = 0;
  cids = 0;
  links: readonly string[] = none;

  block(codec: number, block: Uint8Array): SyscallError | undefined {
    if (codec === blockCodecs.dagCbor) return this.#items(block);
    if (codec === blockCodecs.raw || codec === blockCodecs.cbor) return undefined;
    return new SyscallError("IllegalCodec", `codec ${codec} is not allowed`);
  }

  #items(block: Uint8Array): SyscallError | undefined {
    const { length } = block;
    let at = 0;
    let remaining = 1;
    let more = 0n; // items that are left besides, where a head claims very many
    for (;;) {
      if (remaining === 0) {
        if (more === 0n) break;
        remaining = more < fewItems ? Number(more) : fewItems;
        more -= BigInt(remaining);
      }
      remaining--;
      this.fields++;
      if (at >= length) return malformed("the CBOR is cut");
      const head = block[at++] as number;
      const low = head & 31;
      let value = low;
      if (low >= 24) {
        const width = 1 << (low - 24);
        if (low > 27 || width > length - at) return malformed("the head of a CBOR item is malformed");
        value = block[at++] as number;
        for (let i = 1; i < width; i++) value = value * 256 + (block[at++] as number);
      }
      switch (head >> 5) {
        case 2:
        case 3:
          if (value > length - at) return malformed("a string of the CBOR is cut");
          at += value;
          break;
        case 4:
        case 5: {
          const items = head < 0xa0 ? value : 2 * value;
          if (items < fewItems) {
            remaining += items;
            // the sum saturates at 64 bits only where heads have claimed more before
            if (more > 0n && more + BigInt(remaining) > maxItems) return malformed("too many items in the CBOR");
            break;
          }
          const exact = low === 27 ? exactValue(block, at) : BigInt(value);
          more += head < 0xa0 ? exact : 2n * exact;
          if (more + BigInt(remaining) > maxItems) return malformed("too many items in the CBOR");
          break;
        }
        case 6: {
          if (value !== 42) {
            remaining++;
            break;
          }
          this.cids++;
          if (isCommonLink(block, at)) {
            this.#add(cidKey(block.subarray(at + 3, at + 41)));
            at += 41;
            break;
          }
          const link = linkAt(block, at);
          if (link instanceof SyscallError) return link;
          const refusal = this.#visit(block, link.from, link.to);
          if (refusal !== undefined) return refusal;
          at = link.to;
        }
      }
    }
    return at === length ? undefined : malformed(`${length - at} bytes follow the CBOR`);
  }

  /** What is to be done with a CID that was linked to. */
  #visit(block: Uint8Array, from: number, to: number): SyscallError | undefined {
    const bytes = block.subarray(from, to);
    const link = readMachineCid(bytes, 0);
    if (link === undefined) return malformed("a link is no CID");
    if (link.end !== bytes.length) return malformed(`${bytes.length - link.end} bytes follow the CID of a link`);
    const { codec, hash, digest } = link;
    if (codec === blockCodecs.unsealed || codec === blockCodecs.sealed) return undefined;
    if (codec !== blockCodecs.dagCbor && codec !== blockCodecs.raw && codec !== blockCodecs.cbor) {
      return new SyscallError("NotFound", `a link has the forbidden codec ${codec}`);
    }
    // its digest has 64 bytes at most, and each level takes six: this ends soon
    if (hash === hashCodes.identity) return this.block(codec, digest);
    if (hash !== hashCodes.blake2b256 || digest.length !== 32) {
      return new SyscallError("NotFound", `a link has the forbidden hash ${hash} of ${digest.length} bytes`);
    }
    this.#add(cidKey(link.cid));
    return undefined;
  }

  #add(key: string): void {
    if (this.links === none) this.links = [key];
    else (this.links as string[]).push(key);
  }
}

/** The link nearly all are: 39 bytes, a CID of DAG-CBOR or raw under blake2b-256. */
function isCommonLink(block: Uint8Array, at: number): boolean {
  return (
    block[at] === 0x58 &&
    block[at + 1] === 0x27 &&
    block[at + 2] === 0x00 &&
    block[at + 3] === 0x01 &&
    (block[at + 4] === 0x71 || block[at + 4] === 0x55) &&
    block[at + 5] === 0xa0 &&
    block[at + 6] === 0xe4 &&
    block[at + 7] === 0x02 &&
    block[at + 8] === 0x20 &&
    at + 41 <= block.length
  );
}

/** Where the CID of a link stands whose byte string is at an offset. */
function linkAt(block: Uint8Array, at: number): { readonly from: number; readonly to: number } | SyscallError {
  const head = block[at];
  if (head === undefined) return malformed("the CBOR is cut");
  const low = head & 31;
  let from = at + 1;
  let length = low;
  if (low >= 24) {
    const width = 1 << (low - 24);
    if (low > 27 || width > block.length - from) return malformed("the head of a CBOR item is malformed");
    length = 0;
    for (let i = 0; i < width; i++) length = length * 256 + (block[from++] as number);
  }
  if (head >> 5 !== 2) return malformed("a link is no byte string");
  if (length > block.length - from) return malformed("a link is cut");
  if (length < 1 || block[from] !== 0) return malformed("a link does not start with 0");
  return { from: from + 1, to: from + length };
}

/** The 64-bit value of a head that ends at an offset. */
function exactValue(block: Uint8Array, end: number): bigint {
  let value = 0n;
  for (let at = end - 8; at < end; at++) value = (value << 8n) | BigInt(block[at] as number);
  return value;
}
