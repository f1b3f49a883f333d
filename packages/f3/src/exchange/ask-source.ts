import { type AbortOptions, assertNotAborted } from "@copse/primitives";
import type { CertificateAnswer, CertificateAsk, CertificateSource } from "./certificate-source.ts";
import { F3ExchangeError } from "./errors.ts";

/**
 * Asks a source, for a time: one that does not even heed the signal is left behind.
 *
 * @throws {F3ExchangeError} `f3/source-late`, `f3/source-too-many`, and whatever the source throws
 * @throws {HostFault} `host/aborted`
 */
export async function askSource(
  source: CertificateSource,
  ask: CertificateAsk,
  waitedMs: number,
  { signal }: AbortOptions,
): Promise<CertificateAnswer> {
  assertNotAborted(signal);
  const { peer } = source;
  const { first, limit: asked } = ask;
  const deadline = AbortSignal.timeout(waitedMs);
  const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  const gone = Promise.withResolvers<never>();
  const leave = (): void => gone.reject(new F3ExchangeError("f3/source-late", { peer, first, waitedMs }));
  either.addEventListener("abort", leave, { once: true });
  try {
    const answer = await Promise.race([source.fetch(ask, { signal: either }), gone.promise]);
    const got = answer.certificates.length;
    if (got > asked) throw new F3ExchangeError("f3/source-too-many", { peer, asked, got });
    return answer;
  } catch (error) {
    assertNotAborted(signal);
    if (deadline.aborted) throw new F3ExchangeError("f3/source-late", { peer, first, waitedMs }, { cause: error });
    throw error;
  } finally {
    either.removeEventListener("abort", leave);
  }
}
