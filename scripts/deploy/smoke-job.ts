import type { KubernetesObject } from './objects.ts'

type SmokeJob = { name: string; namespace: string; image: string; what: string; secondsMax: number }

/**
 * A Job that tries what was deployed, from inside, where functions that are cluster-local have an address. It has no
 * rights, and runs once: a second try would hide what the first found.
 */
export function smokeJob({ name, namespace, image, what, secondsMax }: SmokeJob): KubernetesObject {
  const labels = {
    'app.kubernetes.io/part-of': 'boxoffice',
    'app.kubernetes.io/component': 'smoke',
  }
  const container = {
    name: 'smoke',
    image,
    args: [what],
    resources: { requests: { cpu: '20m', memory: '64Mi' }, limits: { memory: '256Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 1000,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, labels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: secondsMax,
      ttlSecondsAfterFinished: 86_400,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          containers: [container],
        },
      },
    },
  }
}
