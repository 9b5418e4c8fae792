/** The types of /moderate/<encounter>. */

/** A field that counts, and what each mark holds there. */
export interface Field {
  /** `item.<id>` or `global`. */
  field: string;
  text: string;
  differs: boolean;
  left: string;
  right: string;
}

/** What the template says of the page. */
export interface ModerateData {
  encounter: string;
  role: string;
  fields: Field[];
  moderator: { id: string; own: boolean; name: string; state: string } | null;
  reader: string;
  may_settle: boolean;
}
