// What the package offers: the construct and its properties.
export { PostConfirmation } from './post-confirmation';
export { Credential, PostConfirmationProps } from './properties';
