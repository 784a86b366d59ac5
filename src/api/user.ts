/** Who asks, as authentication found it. Upstream: authentication/user.Info */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** What somebody wants to do. Upstream: authorizer.Attributes */
export interface AccessCheck {
  readonly user: UserInfo;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** For requests that name no resource. */
  readonly path: string;
}
