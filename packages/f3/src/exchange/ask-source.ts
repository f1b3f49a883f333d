import { type AbortOptions, assertNotAborted, isCopseError } from "@copse/primitives";
import type { CertificateAnswer, CertificateAsk, CertificateSource } from "./certificate-source.ts";
import { F3ExchangeError } from "./errors.ts";

/**
 * Asks a source, for a time: one that does not even heed the signal is left behind.
 *
 * @throws {F3ExchangeError} `f3/source-late`, `f3/source-too-many`; what the source throws, as `f3/source-failed` where it
 * has no code: a source's trouble is never that of who asks
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
    const { failure } = answer;
    return failure === undefined ? answer : { ...answer, failure: coded(failure, peer, first) };
  } catch (error) {
    assertNotAborted(signal);
    if (deadline.aborted) throw new F3ExchangeError("f3/source-late", { peer, first, waitedMs }, { cause: error });
    throw coded(error, peer, first);
  } finally {
    either.removeEventListener("abort", leave);
  }
}

function coded(error: unknown, peer: string, first: number): Error {
  if (isCopseError(error)) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new F3ExchangeError("f3/source-failed", { peer, first, why }, { cause: error });
}
