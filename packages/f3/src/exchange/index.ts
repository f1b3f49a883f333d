export { type CatchUpOptions, type CatchUpProgress, type CatchUpResult, catchUp } from "./catch-up.ts";
export type { CertificateAnswer, CertificateAsk, CertificateSource, SourceFault } from "./certificate-source.ts";
export { F3ExchangeError, type F3ExchangeFacts } from "./errors.ts";
export { type FindTableOptions, findPowerTable } from "./find-power-table.ts";
export { type PollBounds, pollInterval } from "./poll-interval.ts";
