/** Written when the site is built: the index of the search as JSON. */
declare var searchIndex: string
