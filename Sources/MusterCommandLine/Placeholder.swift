/// Where this module is: replaced by its first real file.
