"""The service's description in the form of OpenAPI 3.1, made from its routes and its models.

`operation` is the form of a description, `about_*` are the descriptions, `document` puts them
together with the routes. What is shown of it is `app.http.docs`.
"""
