// The functions' code, which lies in the package for this machine: npm has chosen it by `os` and `cpu`.

import { Architecture } from 'aws-cdk-lib/aws-lambda';

/** Path of the functions' code. Throws an error that names `functionZip`, if there is no package for this machine. */
export function installedZip({ name }: Architecture): string {
  const here = `post-confirmation-${process.platform}-${process.arch}`;
  try {
    return require.resolve(`${here}/share/post-confirmation/function-${name}.zip`);
  } catch {
    throw new Error(
      `PostConfirmation: functionZip must be given, because the package ${here} is not installed. Any other of these ` +
        `packages has function-${name}.zip too. If there is one for this machine, install it: npm has left it out`,
    );
  }
}
