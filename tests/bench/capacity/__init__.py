"""`make bench capacity`: how many callers at once an agent answers well."""
