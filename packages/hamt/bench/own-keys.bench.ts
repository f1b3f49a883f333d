import { bench } from "@copse/testkit/bench";

// What an own key a visit costs alone: arrays of 7 bytes, made and handed to a visitor, with nothing else done. A warm walk
// by ref-fvm lends references and takes 5 ns an entry of 1k in all.
const size = 1000;
const source = Uint8Array.from({ length: 8 * size }, (_, i) => i);
const words = new DataView(source.buffer);
const lent = new Uint8Array(8);
const lentWords = new DataView(lent.buffer);
const lentKey = lent.subarray(0, 7);

const makers: Record<string, (at: number) => Uint8Array> = {
  "the same array": () => source,
  "lent array, filled anew": (at) => {
    lentWords.setInt32(0, words.getInt32(at));
    lentWords.setInt32(4, words.getInt32(at + 4));
    return lentKey;
  },
  "new Uint8Array(7)": () => new Uint8Array(7),
  "new Uint8Array(buffer, at, 7)": (at) => new Uint8Array(source.buffer, at, 7),
  subarray: (at) => source.subarray(at, at + 7),
  slice: (at) => source.slice(at, at + 7),
};

let _seen = 0;
const visit = (key: Uint8Array): void => {
  _seen += key.length;
};

for (const [name, make] of Object.entries(makers)) {
  await bench(`hamt/key alone, ${name}`, {
    given: () => undefined,
    run: () => {
      for (let round = 0; round < 1000; round++) for (let i = 0; i < size; i++) visit(make(8 * i));
      return size * 1000;
    },
    unit: "key",
    rounds: 8,
  });
}
