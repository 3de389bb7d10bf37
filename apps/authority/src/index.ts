export { startAuthority, type AuthorityOptions, type RunningAuthority } from './start.js';
export {
  CredentialsError,
  loadOrCreateCredentials,
  type Credential,
  type Credentials,
} from './credentials.js';
