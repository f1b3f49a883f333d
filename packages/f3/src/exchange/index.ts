export type { CertificateSource } from "./certificate-source.ts";
