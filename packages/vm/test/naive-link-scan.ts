import { cidKey } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";

/** How a scan ended, with what it spent in milligas. */
export interface NaiveScan {
  readonly end: "ok" | "OutOfGas" | "Serialization" | "NotFound" | "IllegalCodec";
  readonly links: readonly string[];
  readonly spent: bigint;
}

class Stop {
  readonly end: NaiveScan["end"];
  constructor(end: NaiveScan["end"]) {
    this.end = end;
  }
}

/**
 * The link scan of FVM 4 as its specification reads, in big integers, paying item by item, without any of the short cuts of
 * `scanLinks`: what that is tested against.
 */
export function naiveScan(codec: number, block: Uint8Array, limit: bigint): NaiveScan {
  const links: string[] = [];
  let left = limit;
  const pay = (milligas: bigint): void => {
    if (left < milligas) {
      left = 0n;
      throw new Stop("OutOfGas");
    }
    left -= milligas;
  };
  const scan = (inner: bigint, bytes: Uint8Array): void => {
    if (inner === 0x55n || inner === 0x51n) return;
    if (inner !== 0x71n) throw new Stop("IllegalCodec");
    const rest = [...bytes];
    const take = (count: bigint): number[] => {
      if (count > BigInt(rest.length)) throw new Stop("Serialization");
      return rest.splice(0, Number(count));
    };
    const head = (): { readonly major: number; readonly value: bigint } => {
      const first = take(1n)[0] as number;
      const low = first % 32;
      if (low > 27) throw new Stop("Serialization");
      if (low < 24) return { major: (first - low) / 32, value: BigInt(low) };
      const value = take(2n ** BigInt(low - 24)).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
      return { major: (first - low) / 32, value };
    };
    let items = 1n;
    while (items > 0n) {
      items--;
      pay(35_000n);
      const { major, value } = head();
      if (major === 2 || major === 3) take(value);
      if (major === 4) items += value;
      if (major === 5) items += 2n * value;
      if (items > 2n ** 64n - 1n) throw new Stop("Serialization");
      if (major === 6 && value !== 42n) items++;
      if (major === 6 && value === 42n) {
        pay(400_000n);
        const string = head();
        if (string.major !== 2) throw new Stop("Serialization");
        const link = take(string.value);
        if (link.shift() !== 0) throw new Stop("Serialization");
        visit(link);
      }
    }
    if (rest.length > 0) throw new Stop("Serialization");
  };
  const visit = (rest: number[]): void => {
    const varint = (): bigint => {
      let value = 0n;
      for (let group = 0n; ; group++) {
        const byte = rest.shift();
        if (byte === undefined || group === 10n) throw new Stop("Serialization");
        value += BigInt(byte % 128) << (7n * group);
        if (byte < 128 && byte === 0 && group > 0n) throw new Stop("Serialization");
        if (byte < 128) return value % 2n ** 64n;
      }
    };
    const [version, codec] = [varint(), varint()];
    let [hash, length] = [0x12n, 32n];
    const isOld = version === 0x12n && codec === 0x20n;
    if (!isOld) {
      if (version !== 1n) throw new Stop("Serialization");
      [hash, length] = [varint(), varint()];
      if (length > 64n) throw new Stop("Serialization");
    }
    if (BigInt(rest.length) !== length) throw new Stop("Serialization");
    if (!isOld && (codec === 0xf101n || codec === 0xf102n)) return;
    if (isOld || ![0x51n, 0x55n, 0x71n].includes(codec)) throw new Stop("NotFound");
    if (hash === 0n) {
      scan(codec, Uint8Array.from(rest));
      return;
    }
    if (hash !== 0xb220n || length !== 32n) throw new Stop("NotFound");
    links.push(cidKey(concatBytes(Uint8Array.of(1, Number(codec), 0xa0, 0xe4, 0x02, 0x20), Uint8Array.from(rest))));
  };
  let end: NaiveScan["end"] = "ok";
  try {
    scan(BigInt(codec), block);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    end = error.end;
  }
  return { end, links, spent: limit - left };
}
