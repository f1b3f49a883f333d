export {
  type CertExchangeAnswer,
  type CertExchangeAsk,
  type CertExchangeClient,
  type CertExchangeClientNeeds,
  type CertExchangeLimits,
  createCertExchangeClient,
  defaultCertExchangeLimits,
} from "./f3-exchange-client.ts";
export { certExchangeProtocol, maxCertificateBytes, maxCertificates } from "./f3-exchange-codec.ts";
export {
  type CertificateBytes,
  type CertServer,
  type CertServerLimits,
  type CertServerNeeds,
  defaultCertServerLimits,
  serveCertExchange,
} from "./f3-exchange-server.ts";
