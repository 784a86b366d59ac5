import type { Secret, ServiceAccount } from "../api/generated/core-v1.ts";
import { keyOf } from "../api/meta.ts";
import { SERVICE_ACCOUNT_NAME, SERVICE_ACCOUNT_TOKEN, secrets } from "../api/resources/secret.ts";
import { serviceAccounts } from "../api/resources/service-account.ts";
import { isNotFound } from "../api/status.ts";
import { Reconciler } from "../client/reconciler.ts";
import type { Controller } from "./controller.ts";

const NAME = "serviceaccount-token-controller";
const UID = "kubernetes.io/service-account.uid";
const BY_ACCOUNT = "service-account";

/** Secrets of type service-account-token get their token, and go with their service account. Upstream: pkg/controller/serviceaccount/tokens_controller.go */
export const serviceAccountTokenController: Controller = {
  name: NAME,
  start({ client, informers, clock, tasks, log, caPem, issueSecretToken }) {
    const own = client.as(NAME);
    const accounts = informers.of(serviceAccounts);
    const tokens = informers.of(secrets);
    tokens.addIndex(BY_ACCOUNT, (secret) => (isToken(secret) ? [`${secret.metadata.namespace}/${accountOf(secret)}`] : []));
    const filled = (secret: Secret, account: ServiceAccount): Secret => {
      const { namespace = "", name } = secret.metadata;
      const data = { ...secret.data };
      data["ca.crt"] = base64(caPem);
      data["namespace"] ??= base64(namespace);
      data["token"] ??= base64(issueSecretToken({ namespace, secret: name, serviceAccount: account.metadata }));
      return {
        ...secret,
        metadata: { ...secret.metadata, annotations: { ...secret.metadata.annotations, [UID]: account.metadata.uid } },
        data,
      };
    };
    const reconciler = new Reconciler({
      name: NAME,
      clock,
      tasks,
      log,
      async reconcile(key) {
        const secret = tokens.find(key);
        if (!secret || secret.metadata.deletionTimestamp) return;
        const account = accounts.find(`${secret.metadata.namespace}/${accountOf(secret)}`);
        const uid = secret.metadata.annotations?.[UID];
        if (!account || (uid && uid !== account.metadata.uid)) {
          const preconditions = { uid: secret.metadata.uid };
          await own.delete(secrets, secret.metadata, { preconditions }).catch((error: unknown) => {
            if (!isNotFound(error)) throw error;
          });
          return;
        }
        const { data = {} } = secret;
        if (uid && data["token"] && data["namespace"] && data["ca.crt"] === base64(caPem)) return;
        await own.mutate(secrets, secret.metadata, (now) => (now.metadata.uid === secret.metadata.uid ? filled(now, account) : now));
      },
    });
    const look = (secret: Secret) => {
      if (isToken(secret)) reconciler.add(keyOf(secret));
    };
    tokens.addHandler({ added: look, updated: look });
    const lookAtAll = (account: ServiceAccount) => {
      for (const secret of tokens.byIndex(BY_ACCOUNT, keyOf(account))) reconciler.add(keyOf(secret));
    };
    accounts.addHandler({ added: lookAtAll, deleted: lookAtAll });
  },
};

const isToken = ({ type }: Secret) => type === SERVICE_ACCOUNT_TOKEN;
const accountOf = ({ metadata }: Secret) => metadata.annotations?.[SERVICE_ACCOUNT_NAME] ?? "";
const base64 = (text: string) => Buffer.from(text).toString("base64");
