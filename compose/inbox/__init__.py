"""Where messages arrive: `mail` takes every mail by SMTP, `webhooks` what Alertmanager posts.

`server` runs either on sockets bound beforehand. The container of `webhooks` has the service's own
packages only, so nothing here but `mail` imports aiosmtpd.
"""
