"""The service's file interface: documents are uploaded once and named by their id in questions.

multipart   a form read piece by piece, without I/O
uploading   from a request's body to a stored file, or a refusal
store       the files of this process, in a folder that ends with it
listing     which of them a query asks for
routes      the four calls
references  `fileid://` messages of a question, and the documents they name
"""
