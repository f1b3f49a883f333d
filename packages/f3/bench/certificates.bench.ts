// Certificates of a network as large as mainnet: as a whole, and what they spend their time on. Made here, the same at
// every run; chains of go-f3 are in go-chain.bench.ts.
import { currentEngine } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { g2Tag } from "@copse/crypto/groups";
import { bench } from "@copse/testkit/bench";
import { KeyAggregator } from "../src/aggregate-key.ts";
import {
  applyPowerTableDelta,
  bdnWeights,
  type CertificateVerifier,
  createCertificateVerifier,
  decodeCertificate,
  encodeCertificate,
  type F3Position,
  type FinalityCertificate,
  signingPayload,
} from "../src/index.ts";
import { KeyCache } from "../src/key-cache.ts";
import { takeSteps } from "../src/verify.ts";
import { type Changes, largeChain, networkName } from "./large-chain.ts";

console.log((await installFastest()).join(", "));
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const options = { networkName, random };
const rules = { networkName, lookback: true };
const rounds = { rounds: 3, unit: "certificate" } as const;
const count = 32;
/** Tables change only this many certificates after what a head names. */
const lookback = 10;

for (const changes of ["order", "powers", "none"] satisfies Changes[]) {
  const { start, certificates } = largeChain(lookback + count, changes);
  const verifier = createCertificateVerifier(options);
  const first = verifier.verify(start, certificates.slice(0, lookback));
  if (first.error !== undefined) throw first.error;
  if (changes === "order") {
    await bench("f3/verify 1500-members cold", {
      ...rounds,
      given: () => certificates.slice(0, 1),
      run: (one) => createCertificateVerifier(options).verify(start, one).accepted,
    });
  }
  await bench(`f3/verify 1500-members steady, table changes: ${changes}`, {
    ...rounds,
    given: () => certificates.slice(lookback),
    run: (rest) => verifier.verify(first.position, rest).accepted,
    beside: changes === "order" ? { "one at a time": (rest) => oneByOne(verifier, first.position, rest) } : {},
  });
}

function oneByOne(
  verifier: CertificateVerifier,
  start: F3Position,
  certificates: readonly FinalityCertificate[],
): number {
  let position = start;
  for (const certificate of certificates) ({ position } = verifier.verify(position, [certificate]));
  return position.nextInstance - start.nextInstance;
}

const long = largeChain(lookback + count, "order");
const certificates = long.certificates.slice(lookback);
const start = createCertificateVerifier(options).verify(long.start, long.certificates.slice(0, lookback)).position;
const { steps } = takeSteps(start, certificates, rules);
const claims = steps.map(({ claim }) => claim);
const curve = currentEngine().bls;
const { bytes } = (claims[0] as (typeof claims)[number]).keys;
const encoded = certificates.map(encodeCertificate);
const signatures = claims.map(({ signature }) => curve.g2.decode(signature) as never);
const weights = claims.map(() => random(16));
const cache = new KeyCache(curve);
const aggregator = new KeyAggregator(cache);
const keys = claims.map(({ keys: list, signers }) => aggregator.aggregate(list, signers) as never);
const hashes = claims.map(({ message }) => curve.g2.hash(message, g2Tag));
const each = (run: (i: number) => unknown): number => {
  for (let i = 0; i < count; i++) run(i);
  return count;
};
const part = (name: string, run: () => number): Promise<unknown> =>
  bench(`f3/part ${name}`, { ...rounds, given: () => undefined, run });

await bench("f3/part read 1500 keys", {
  rounds: 3,
  unit: "key",
  given: () => Array.from({ length: 1500 }, (_, i) => bytes.subarray(48 * i, 48 * i + 48)),
  run: (all) => new KeyCache(curve).getAll(all).length,
});
await part("decode certificate", () => each((i) => decodeCertificate(encoded[i] as Uint8Array)));
await part("changes, table CID, chain, quorum", () => takeSteps(start, certificates, rules).steps.length);
await part("changes alone", () => {
  let table = start.powerTable;
  return each((i) => {
    table = applyPowerTableDelta(table, certificates[i]?.powerTableDelta ?? []);
  });
});
await part("message", () => each((i) => signingPayload(networkName, certificates[i] as never)));
await part("weights (BLAKE2Xs over all keys)", () => each((i) => bdnWeights(claims[i]?.keys.bytes as Uint8Array)));
await part("weights and sum over 1266 signers", () =>
  each((i) => aggregator.aggregate(claims[i]?.keys as never, claims[i]?.signers ?? [])),
);
await part("hash to the curve", () => each((i) => curve.g2.hash(claims[i]?.message as Uint8Array, g2Tag)));
await part("read signature", () => each((i) => curve.g2.decode(claims[i]?.signature as Uint8Array)));
await part("random weights", () => {
  curve.g2.weightedSum(signatures, weights);
  return each((i) => curve.g1.weightedSum([keys[i] as never], [weights[i] as Uint8Array]));
});
await part("product of pairings", () => {
  curve.productIsOne(keys, hashes);
  return count;
});
