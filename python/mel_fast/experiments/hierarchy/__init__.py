"""Client, edge, cloud: time to an accuracy with edges under a cloud, against a single cell.

``setting`` says who stands where and what is compared, ``report`` trains and writes.
"""
