"""Mail, as plain functions for every subject: addresses, messages, an outbox that keeps mails until they are sent."""
