"""Users of Cognito: the requests of the post-confirmation function, and the rows that they become."""
