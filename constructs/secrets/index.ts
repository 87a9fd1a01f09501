export {
  SignedCertificate,
  CertificateAuthority,
  CertificateAuthorityProps,
  SignedCertificateProps,
} from "./certificate";
export { ClientSecrets } from "./client-secrets";
export { GeneratedSecret, RandomSecret, RandomSecretProps } from "./generated-secret";
export {
  AuthorityRecipe,
  CertificateRecipe,
  RandomRecipe,
  SecretDescription,
  SecretEncoding,
  SecretRecipe,
} from "./recipe";
