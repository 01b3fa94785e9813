"""The alerts as objects of Kubernetes, from the same groups, routes and jobs as the plain files.

rules       PrometheusRule                      monitors   PodMonitor and ServiceMonitor
routing     AlertmanagerConfig, from the        delivery   Alertmanager and the mails' template
            configuration of `alerts.alertmanager`
objects     what every object has               files      which file holds which object

The prometheus-operator (monitoring.coreos.com) reads them; docs/decisions/kubernetes.md says what
it needs to find in the cluster. `compose.check` judges the written files by the operator's schemas.
"""
