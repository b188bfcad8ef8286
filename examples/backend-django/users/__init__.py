"""Users of Cognito: what the post-confirmation function sends, and the rows that are made of it."""
